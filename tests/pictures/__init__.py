"""The pictures of the screens in docs/pictures: `make screenshots` draws them, a test says when they are stale."""
