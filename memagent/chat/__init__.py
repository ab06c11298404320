"""A chatbot with a memory: `Chat`, a conversation that is bound to a user and a session, its replies and its events."""
