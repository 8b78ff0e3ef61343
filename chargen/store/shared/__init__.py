"""The shared store: originals on object storage, and who may buy what; see `chargen.store` for what is kept here.

Its keys: `cas/<sha256>` delivered bytes, `done/<fingerprint>/<number>` a record, `claim/<fingerprint>/<number>`,
`spend/<month>/<attempt>/`. A build looks up by key what is missing, and lists nothing but its month.
"""
