"""A schema as a tree of nodes: what to ask, in which order, with which limits.

node        FieldNode, its Kind and limits
building    field_tree(): schema -> nodes
flattening  `$ref` and `allOf` merged into one plain set of keywords
options     the values to choose from
"""
