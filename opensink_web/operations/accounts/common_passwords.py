"""Passwords that guessers try first, of those that are long enough to be taken at all.

NIST SP 800-63B-4, section 3.1.1.2, wants such a list, and no rules about kinds of characters.
"""

_LISTED = """
0123456789 0987654321 1029384756 1111111111 1122334455 1212121212 1231231231 123123123123
1234512345 123456123456 1234567890 12345678900 12345678910 123456789012 123456789a 123456789q
12345qwert 1234qwerty 1234qwerasdf 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 9876543210 a123456789
abc123456789 abcd123456 abcd1234567 abcde12345 abcdefghij admin12345 admin123456 administrator
asdfasdfasdf asdfghjkl1 asdfghjkl123 basketball changeme123 changeme1234
football123 iloveyou123 iloveyou1234 letmein123 letmein1234 liverpool1 manchester opensink123
opensink1234 p@ssw0rd123 p@ssword123 passw0rd123 passw0rd1234 password01 password10 password11
password12 password123 password1234 password12345 password123456 passwordpassword princess123
q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv qazwsxedc1 qwe123qwe123 qwer1234qwer qwerasdfzxcv
qwerty12345 qwerty123456 qwerty1234567 qwertyqwerty qwertyuiop qwertyuiop1 qwertyuiop123
qwertyuiop[] secret1234 secret12345 starwars123 sunshine123 superman123 trustno1trustno1
unbelievable welcome123 welcome1234 welcome12345 zaq12wsxcde3 zxcvbnm123 zxcvbnm1234
"""
COMMON_PASSWORDS = frozenset(_LISTED.split())
