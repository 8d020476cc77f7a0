"""smallest.py - the smallest possible set-up: two people in a file, and no server

SPDX-License-Identifier: BSD-2-Clause
"""

PEOPLE = """\
dn: uid=alice
mail: alice@example.com
sdrOwner: hosted

dn: uid=dave
mail: dave@example.com
sdrOwner: onprem
"""
ROUTES = """\
alice@example.com: redirect to alice@hosted.example.com (owner from the directory)
dave@example.com: pass (owner is this site)
nobody@example.com: reject 550 5.1.1 User unknown (no entry, unknown = reject)
"""
RECIPIENTS = [line.partition(':')[0] for line in ROUTES.splitlines()]


def conf(people, replica):
    """The text of an sdr.conf with these paths."""
    return f"""\
this-site = onprem

[site onprem]
routing-domain = onprem.%d

[site hosted]
routing-domain = hosted.%d

[domain example.com]
unknown = reject

[directory people]
uri = ldif:{people}
default-owner = onprem

[replica]
path = {replica}
"""
