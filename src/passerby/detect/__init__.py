"""Pictures -> detections. The only room with an inference runtime."""
