"""One document for each construct of the YAML 1.2 specification (chapters 2 and 5 to 9), written for these tests.

Every name says the construct. `STREAMS` are files of other forms than one document: they may be refused, never changed
wrongly.
"""

from __future__ import annotations

DOCUMENTS = {
    # 2.1 collections
    "sequence of scalars": "- Oak\n- Ash\n- Thorn\n",
    "mapping of scalars": "height: 61\nmean: 0.278\nname: Rowan\n",
    "mapping of sequences": "north:\n  - Oak\n  - Ash\nsouth:\n  - Thorn\n",
    "sequence at the key's own column": "north:\n- Oak\n- Ash\nsouth:\n- Thorn\n",
    "sequence of mappings": "-\n  name: Oak\n  age: 65\n-\n  name: Ash\n  age: 63\n",
    "sequence of compact mappings": "- name: Oak\n  age: 65\n- name: Ash\n  age: 63\n",
    "sequence of flow sequences": "- [name, age]\n- [Oak, 65]\n- [Ash, 63]\n",
    "mapping of flow mappings": "Oak: {age: 65, tall: true}\nAsh: {\n    age: 63,\n    tall: false\n  }\n",
    "nested compact sequences": "- - a\n  - - b\n    - c\n-  - d\n",
    "mapping between collections": "? - Oak\n  - Ash\n: - 2001-07-23\n\n? [a, b]\n: [2001-07-02,\n    2001-08-12]\n",
    # 2.2 structures
    "markers": "---\ntime: 20:03:20\nplayer: Rowan\n...\n",
    "comments everywhere": "# one\nhr: # 1998\n  - Oak\n  # between\n  - Ash # last\nr:\n  # before\n  - Ash\n# end\n",
    "anchor and alias": "hr:\n  - Oak\n  - &SS Ash\nrbi:\n  - *SS\n  - Thorn\n",
    "anchored mapping": "one: &one\n  a: 1\n  b: 2\ntwo: *one\nthree:\n  <<: *one\n  b: 3\n",
    "merge of several": "- &a {x: 1}\n- &b {y: 2}\n- <<: [*a, *b]\n  z: 3\n",
    # 2.3, 8.1 block scalars
    "literal": "art: |\n  \\//||\\/||\n  // ||  ||__\nafter: 1\n",
    "folded": "text: >\n  Mark's year\n  was spoilt\n  by a knee.\nafter: 1\n",
    "folded with deeper lines": "text: >\n  Sammy\n  ran.\n\n    63 times\n    0.288\n\n  What a year!\nafter: 1\n",
    "indentation by indicator": "a: |1\n  explicit\nb: |\n\n\n  # detected\nc: >\n\n  # detected too\nd: |2-\n   x\n",
    "chomping": "strip: |-\n  text\nclip: |\n  text\nkeep: |+\n  text\n\n\nafter: 1\n",
    "chomping and comments": "strip: |-\n  text\n\n # clip\nclip: |\n  text\n\n # keep\nkeep: |+\n  text\n\n # end\n",
    "empty block scalars": "strip: >-\n\nclip: >\n\nkeep: |+\n\n",
    "block scalar with comment in its header": "a: | # not text\n  text\nb: >-   # nor this\n  text\n",
    "tabs in a literal": "a: |\n \ttabbed\n  \tmore\nb: 1\n",
    # 5, 6, 7.3 flow scalars
    "quoted": 'unicode: "Sosa \\u263A."\ncontrol: "\\b1998\\t1999\\n"\nsingle: \'"Howdy!" he cried.\'\n'
    "quoted: ' # Not a ''comment''.'\ntie: '|\\-*-/|'\n",
    "several lines": 'plain:\n  This scalar\n  spans lines.\n\nquoted: "So\n  this.\\\n  \\ joined\n\n  paragraph"\n',
    "single quoted over lines": "a: ' 1st word\n\n  2nd\n  \t3rd word '\nb: ''\n",
    "plain with signs inside": "a: -x\nb: ::vector\nc: Up, up, and away!\nd: -123\ne: https://x.example/a#b\nf: a:b\n",
    "plain over lines": "1st word\n\n 2nd word\n\t3rd word\n",
    "escapes": '"a\\x41 \\u0041 \\U00000041 \\/ \\" \\0 \\e \\N \\_ \\L \\P"\n',
    "bom and unicode": "\ufeffcaf\u00e9: na\u00efve\n\u732b: \U0001f600\n",
    "next line and separators inside": 'a: "x\u2028y"\nb: c\n',
    # 6.9, 7 nodes
    "tags": "plain: 2002-04-28\nquoted: !!str 2002-04-28\npicture: !!binary |\n  R0lGODlh\nown: !something |\n  x\n",
    "verbatim tags": "!<tag:yaml.org,2002:str> foo : !<!bar> baz\n",
    "tags on collections": "a: !!map {x: 1}\nb: !!seq\n- c\nd: !!set {e, f}\nf: !!omap\n- g: 1\n",
    "tag and anchor": "!!str &a1 \"foo\": !!str bar\n&a2 baz : *a1\nk: &a3 !!int '3'\n",
    "overridden anchor": "first: &anchor Foo\nsecond: *anchor\nthird: &anchor Bar\nfourth: *anchor\n",
    "empty nodes": "a:\nb: !!str\nc: &x\nd: ~\n? e\n: f\n? g\n",
    "alias as key": "a: &k b\n*k : c\nd: e\n",
    # 7.4 flow collections
    "flow sequence": "- [one, two, ]\n- [three ,four]\n- []\n",
    "flow sequence entries": "[\n\"double\n quoted\", 'single\n    quoted',\nplain\n text, [ in ],\nsingle: pair,\n]\n",
    "flow mapping": "- { one : two , three: four , }\n- {five: six,seven : eight}\n- {}\n",
    "flow mapping entries": "{\n? explicit: entry,\nimplicit: entry,\n?\n}\n",
    "flow without values": '{\nunquoted : "separate",\nhttp://foo.example,\nomitted value:,\n: omitted key,\n}\n',
    "adjacent value": '{\n"adjacent":value,\n"readable": value,\n"empty":\n}\n',
    "flow with comments": "a: [ # first\n  one, # 1\n\n  # 2\n  two\n  ] # after\nb: {x: 1, # c\n  y: 2}\n",
    "single pairs": "- [ YAML : separate ]\n- [ : empty key entry ]\n- [ {JSON: like}:adjacent ]\n",
    "json": '{"a": [1, 2.5, -3e4, true, null, "x\\ny"], "b": {"c": {}}}\n',
    # 8.2 block collections
    "sequence entry types": "- # empty\n- |\n block node\n- - one # compact\n  - two\n- one: two # compact mapping\n",
    "explicit entries": "? explicit key # empty value\n? |\n  block key\n: - one\n  - two\n",
    "implicit entries": 'plain key: in-line value\n: # both empty\n"quoted key":\n- entry\n',
    "compact mappings": "- sun: yellow\n- ? earth: blue\n  : moon: white\n",
    "properties before a block": "sequence: !!seq\n- entry\n- !!seq\n - nested\nmapping: !!map\n foo: bar\n",
    "properties on their own line": "a:\n  !!map &m\n  b: c\nd:\n  &n\n  - e\n",
    "indentation of one": "a:\n b:\n  c: d\n e: f\n",
    "indentation that differs": "a:\n      b: c\n      d: e\nf:\n  g:\n   - h\n",
    "blank lines with blanks": "a: b\n   \n\t\nc: d\n \n",
    "blanks after values": "a: b   \nc:   \n  d: e  \nf: [x]  \n",
    "tab before a comment": "a: b\t# c\nd: e\n",
    "no final line end": "a: b\nc: d",
    "no final line end after a comment": "a: b\n# c",
    "comment after a list at the key's column": "a:\n- b\n# of a or c\nc: d\n",
    "comment deeper than its value": "a: b\n      # deep\nc:\n  - d\n# shallow\n  - e\n",
    "key with a colon in quotes": "'a: b': c\n\"d # e\": f\n",
    "long key": f"? {'k' * 1100}\n: v\na: b\n",
    "numbers and words that look alike": "a: 0o14\nb: 0x1F\nc: .inf\nd: .nan\ne: 1e3\nf: yes\ng: 012\nh: 1:30\n",
    "a key twice removed": "a: {a: {a: 1}}\nb:\n  a:\n    a: 2\n",
    # 9.1 documents
    "directive": "%YAML 1.2\n---\na: b\n",
    "tag directive": "%TAG !e! tag:example.com,2000:app/\n---\na: !e!foo bar\nc: d\n",
    "explicit start with a value": "--- a: b\n",
    "start, tag, then a mapping": "--- !!map\na: b\nc: d\n",
    "start and end with comments": "--- # start\na: b\n... # end\n# after\n",
    "literal as the whole document": "--- |\n%!PS-Adobe\n",
    "comments alone": "# nothing\n\n# at all\n",
    "nothing": "",
}

STREAMS = {
    "two documents": "---\na: b\n---\nc: d\n",
    "two documents after an end": "a: b\n...\nc: d\n",
    "empty second document": "a: b\n---\n",
    "end alone": "...\n",
    "tab as indentation": "a:\n\tb: c\n",
    "value at the wrong column": "a:\n  b: c\n d: e\n",
    "unclosed flow": "a: [b, c\n",
    "unclosed quotes": 'a: "b\n',
    "unknown alias": "a: *b\n",
    "the same key again": "a: b\na: c\n",
    "reserved signs": "a: @b\nc: `d\n",
    "comment without its blank": "a: [b]#c\n",
    "invalid escape": 'a: "\\q"\n',
    "block in flow": "a: [|\n  x\n  ]\n",
    "control character": "a: b\x07c\n",
    "two values": "a: 'b' 'c'\n",
}
