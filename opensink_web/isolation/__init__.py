"""What processes have in common that carry out what others wrote. Standard library only.

    limits   what such a process may have, and that it dies with the one that started it
    frames   how it speaks with the one that waits for it
    program  the program that forks such processes, as the one that starts it sees it
    host     such a program, started when it is first needed
    serving  what such a program does

Three programs are built on it: function_host/ runs Python functions, message_template/ fills in
templates, schema/ checks what may take long. All import what they need once and fork a process for
each call.
"""
