"""Values and ports: what every room shares. numpy and the standard library only."""
