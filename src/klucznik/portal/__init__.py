"""The web portal of the local KSeF: a client with pages. It never reads the server's store."""
