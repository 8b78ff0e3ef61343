"""The shared store: originals on object storage, and who may buy what; see `chargen.store` for what is kept here."""
