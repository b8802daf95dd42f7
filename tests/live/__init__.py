"""One camera, live: real RTSP on loopback, and streams decoded frame by frame."""
