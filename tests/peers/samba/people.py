"""Fills a domain that is not served yet. Who is in it comes as JSON on standard input; people.rs has the table."""

import json
import sys
import time

import ldb
from samba import dsdb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

given = json.load(sys.stdin)
base = given["base"]
settings = LoadParm()
settings.load(given["smb.conf"])
directory = SamDB(url=settings.private_path("sam.ldb"), session_info=system_session(settings), lp=settings)
dn_of = {person["account"]: person["dn"] for person in given["people"]}

DAY = 864_000_000_000  # in ticks of 100 ns
YEAR_2020 = 1_577_836_800  # in seconds since 1970
bypass_password_hash = f"local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0"


def windows_time(unix_seconds):
    """Ticks since 1601."""
    return str(int((unix_seconds + 11_644_473_600) * 10_000_000))


def change(dn, controls=(), **values):
    message = ldb.Message(ldb.Dn(directory, dn))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    directory.modify(message, list(controls))


def add_person(person):
    directory.add({
        "dn": person["dn"],
        "objectClass": "user",
        "sAMAccountName": person["account"],
        "userPrincipalName": person["upn"],
        "mail": person["mail"],
        "userAccountControl": "512",  # an ordinary account
        "unicodePwd": '"{}"'.format(person["password"]).encode("utf-16-le"),
    })


def add_lockout_policy(name, accounts):
    """A policy for some alone (fine-grained password policy), so that nobody else is ever locked out."""
    rules = {
        "PasswordSettingsPrecedence": "1",
        "PasswordReversibleEncryptionEnabled": "FALSE",
        "PasswordHistoryLength": "0",
        "PasswordComplexityEnabled": "FALSE",
        "MinimumPasswordLength": "0",
        "MinimumPasswordAge": "0",
        "MaximumPasswordAge": str(-1000 * DAY),
        "LockoutThreshold": "3",
        "LockoutObservationWindow": str(-DAY),
        "LockoutDuration": str(-DAY),
        "PSOAppliesTo": [dn_of[account] for account in accounts],
    }
    directory.add({
        "dn": f"CN={name},CN=Password Settings Container,CN=System,{base}",
        "objectClass": "msDS-PasswordSettings",
    } | {f"msDS-{rule}": value for rule, value in rules.items()})


def add_group(name, members):
    dn = f"CN={name},OU=Groups,{base}"
    directory.add({"dn": dn, "objectClass": "group", "sAMAccountName": name, "member": members})
    return dn


def add_contact(number):
    dn = f"CN=Contact {number:04},OU=Contacts,{base}"
    directory.add({"dn": dn, "objectClass": "contact"})
    return dn


change(base, pwdProperties="0", minPwdLength="0")
directory.transaction_start()
for unit in ["People", "Groups", "Contacts"]:
    directory.create_ou(f"OU={unit},{base}")
for person in given["people"]:
    add_person(person)
change(dn_of["mustchange"], pwdLastSet="0")
change(dn_of["disabled"], userAccountControl="514")
change(dn_of["expired"], accountExpires=windows_time(YEAR_2020))
add_lockout_policy("strict", ["locked", "clumsy"])
# The domain's own policy takes a password for 42 days. Only the module that guards pwdLastSet stands between.
change(dn_of["stale"], [bypass_password_hash], pwdLastSet=windows_time(YEAR_2020))
change(dn_of["locked"], lockoutTime=windows_time(time.time()))
vpn = add_group("vpn", [dn_of["ada"]])
staff = add_group("staff", [vpn])
add_group("worldwide", [staff])
add_group("everyone", [add_contact(number) for number in range(1, given["everyone"] + 1)])
directory.transaction_commit()
