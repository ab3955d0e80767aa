"""Others' JSON Schemas: limits, validation, and the form a person fills in.

Pure: JSON in, JSON or a WTForms form out. No database, no Flask, no network.

    dialects     which version of JSON Schema, and what older ones write differently
    subschemas   where schemas stand inside a schema
    patterns     regular expressions, as JSON Schema means them
    pattern_pieces  what a regular expression is made of
    look_ahead   what looks ahead at the start of one, said without
    references   what a local `$ref` points at
    limits       check_schema(): what may be sent as a schema
    lint         what a schema may say, but hardly means
    own_values   the values that a schema names itself, held against it
    dialect_words  words of one dialect in a schema of another
    example      a value to try a schema with
    places       on which line of a text a part of it stands
    effort       how much work a recursive schema makes of an answer
    validation   validate(): an answer against its schema
    part_checker a value against one part of a schema
    deadline     what may take long, checked by a process of its own (deadline_host)
    messages     what is wrong, at the values that it is about
    sentences    a failed keyword as a sentence for people
    titles       what people call a field
    secrets      which parts of a value are secret
    tree/        schema -> tree of field nodes
    controls/    field node -> WTForms field, a module each; templates/answer/controls draws it
    form         AnswerForm: blank, submitted, read, rows added and removed
    placing      at which field a message stands
    paging       which fields are drawn where they are many
    kept         what was typed in parts that are not drawn now
    edits        what a person changed of what was proposed
    changes      the same beside each field of a form, before it is sent
    overview     which control every field of a form gets
    standing     what is the same again: the yes to a question, a condition that takes no other

Follows JSON Schema 2020-12, 2019-09, draft-07, draft-06 and draft-04
(https://json-schema.org/specification).
"""
