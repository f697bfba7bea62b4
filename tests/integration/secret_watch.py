"""Finds secrets where none may be: in logs, answers, files, and the arguments and environments of processes.

A watch knows what tests say, what emulated clouds give out, and the values of all fields that connectors
declare as secret, whichever way the CLI was told them.
"""
import base64
import json
import os
import pathlib
import re
import urllib.parse

SHORTEST = 8  # what is shorter may stand anywhere by chance


def write_only_fields(directory):
    """The fields that connectors declare as secret, by the schemas of all flavors."""
    found = set()

    def search(node):
        if isinstance(node, dict):
            fields = {**node.get("properties", {}), **node.get("definitions", {})}
            for name, field in fields.items():
                if isinstance(field, dict) and field.get("writeOnly"):
                    found.add(name)
            node = list(node.values())
        if isinstance(node, list):
            for below in node:
                search(below)

    for file in [*directory.glob("*/connector.json"), *directory.glob("sdk/connectors/*.json")]:
        search(json.loads(file.read_text()))
    assert found, f"no schemas of connectors in {directory}"
    return found


class SecretWatch:
    """Belongs to one test."""

    def __init__(self, fields):
        self._fields, self._known, self._sources, self._forms = fields, set(), [], (None, [])
        self._answers = []

    def add(self, *texts):
        for text in texts:
            self._known.update(part for part in _parts(text) if len(part) >= SHORTEST)

    def also(self, source):
        """`source()` gives the secrets that came to be so far."""
        self._sources.append(source)

    def learn(self, argv, input, env, cwd):
        """From a command of the CLI: every secret field in it."""
        words = [str(a) for a in argv]
        for i, word in enumerate(words):
            name, equals, value = word.removeprefix("--").partition("=")
            if not word.startswith("--") or name not in self._fields | {"client-key"}:
                continue
            value = value if equals else words[i + 1] if i + 1 < len(words) else ""
            if name == "client-key":
                value = "@" + value
            if value == "-":
                value = input or ""
            elif value.startswith("env:"):
                value = {**os.environ, **(env or {})}.get(value[len("env:"):], "")
            elif value.startswith("@@"):
                value = value[1:]
            elif value.startswith("@"):
                file = pathlib.Path(cwd or ".", value[1:])
                value = file.read_text(errors="replace") if file.is_file() else ""
            self.add(value)

    def heard(self, what, text):
        """An answer that is searched at the end."""
        self._answers.append((what, text))

    def found_in(self, data):
        """The secrets that show in it, whatever their encoding; told by their first letters."""
        return sorted({secret[:6] + "…" for secret, form in self._all_forms() if form in data})

    def leaks_of_answers(self):
        return [f"{found} in the answer to {what}" for what, text in self._answers
                if (found := self.found_in(text.encode(errors="replace")))]

    def leaks_of_files(self, *roots):
        """In all files below, whatever they are."""
        leaks = []
        for root in roots:
            for file in [root] if root.is_file() else root.rglob("*"):
                try:
                    found = self.found_in(file.read_bytes()) if file.is_file() else []
                except FileNotFoundError:
                    continue  # a journal that has just been folded into its database
                leaks += [f"{found} in {file}"] if found else []
        return leaks

    def leaks_of_processes(self, pid):
        """In the arguments of a process and of all below it, and in the environments of those below it."""
        leaks = []
        for of, kind in [(pid, "cmdline"), *[(p, k) for p in descendants(pid) for k in ("cmdline", "environ")]]:
            try:
                found = self.found_in(pathlib.Path(f"/proc/{of}/{kind}").read_bytes())
            except OSError:
                continue  # it has ended
            leaks += [f"{found} in the {kind} of process {of}"] if found else []
        return leaks

    def leaks_of_arguments(self):
        """In the arguments of every process of the machine."""
        leaks = []
        for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                data = file.read_bytes()
            except OSError:
                continue
            if found := self.found_in(data):
                leaks.append(f"{found} in the arguments of {data.split(bytes(1))[:3]}")
        return leaks

    def _all_forms(self):
        secrets = set(self._known)
        for source in self._sources:
            for text in source():
                secrets.update(part for part in _parts(text) if len(part) >= SHORTEST)
        if self._forms[0] != secrets:
            self._forms = (secrets, [(s, form) for s in secrets for form in _forms(s)])
        return self._forms[1]


def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def _parts(text):
    """What of a value is secret: of a key, a line of it; of a JSON file, what its own fields hide."""
    text = text.strip()
    if lines := re.findall(r"^[A-Za-z0-9+/=]{48,}$", text, re.MULTILINE):
        return {lines[0]} if "PRIVATE KEY" in text else {text}
    try:
        parsed = json.loads(text)
    except ValueError:
        return {text}
    if not isinstance(parsed, dict):
        return {text}
    hidden = ("private_key", "refresh_token", "client_secret", "password", "auth", "identitytoken")
    return {part for name in hidden if isinstance(parsed.get(name), str) for part in _parts(parsed[name])}


def _forms(secret):
    """As it stands, as in a URL, as in JSON, and wherever in something that is written in base64."""
    raw = secret.encode()
    forms = {raw, urllib.parse.quote(secret, "").encode(), json.dumps(secret)[1:-1].encode()}
    for before in range(3):
        begin, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + raw)[begin:end]
        forms |= {encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms
