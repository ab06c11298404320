"""FILL: what turns texts and files into notes, and later notes into facts."""
