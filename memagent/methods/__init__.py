"""Methods decide when to look, when to write and when to answer. One paper a file; each is a flow."""
