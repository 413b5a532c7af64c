"""What the black-box tests share: the server as a process, a scripted upstream, raw sockets, SSE."""
