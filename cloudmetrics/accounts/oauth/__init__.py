"""OAuth 2.1: what people allow programs, and the tokens that say so."""
