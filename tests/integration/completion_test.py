#!/usr/bin/env python3
"""Completion as a person uses it: TAB in an interactive bash and zsh, with a daemon that knows names."""
import subprocess

import harness
import images
from terminal import Terminal


class Completion(harness.Case):
    def setUp(self):
        super().setUp()
        self.daemon = harness.Gantryd(self)
        for name in ("alpha-registry", "beta-registry"):
            self.ok(self.daemon, "container-registry", "register", name, "--flavor=default", "--uri=localhost:5000")
        images.simple(self.dir / "my layout")
        self.env = {"GANTRY_ADDRESS": self.daemon.address, "HOME": str(self.dir), "PS1": "$ ",
                    "PATH": f"{harness.GANTRY.parent}:/usr/bin:/bin"}

    def completes(self, shell, begun, expected):
        """TAB after `begun` makes the line `expected`, as the shell itself then splits it."""
        shell.type(f"\x15print_words {begun}\t")
        shell.type("\n")
        words = "".join(f"<{word}>" for word in expected)
        shell.wait_for(lambda t: words in "".join(t.lines()[-8:]), f"{begun!r} becomes {words}")
        shell.type("clear\n")
        shell.wait_for(lambda t: len(t.lines()) == 1, "the screen is clear")

    def try_all(self, shell):
        for begun, expected in (
                ("cont", ["container-registry"]),
                ("container-registry desc", ["container-registry", "describe"]),
                ("container-registry describe al", ["container-registry", "describe", "alpha-registry"]),
                ("push --reg", ["push", "--registry"]),
                ("push --registry b", ["push", "--registry", "beta-registry"]),
                ("push --registry=b", ["push", "--registry=beta-registry"]),
                ("push docker-a", ["push", "docker-archive:"]),
                ("push oci:my", ["push", "oci:my layout/"]),
                ("push oci:x --output j", ["push", "oci:x", "--output", "json"]),
                ("container-registry register x --flavor de",
                 ["container-registry", "register", "x", "--flavor", "default"]),
                ("service-connector register x --type docker --auth-method pass",
                 ["service-connector", "register", "x", "--type", "docker", "--auth-method", "password"]),
                ("service-connector register x --type docker --auth-method password --user",
                 ["service-connector", "register", "x", "--type", "docker", "--auth-method", "password",
                  "--username="]),
        ):
            with self.subTest(begun):
                self.completes(shell, begun, expected)

    def script(self, shell, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(subprocess.run([str(harness.GANTRY), "completion", shell], check=True,
                                       capture_output=True, text=True).stdout)

    # `print_words` stands for gantry: it is completed as gantry is, and shows what it was given.

    def test_bash_with_bash_completion(self):
        self.script("bash", self.dir / ".local/share/bash-completion/completions/gantry")
        (self.dir / "rc").write_text("\n".join([
            ". /usr/share/bash-completion/bash_completion", "bind 'set bell-style none'",
            "bind 'set enable-bracketed-paste off'", "PS1='$ '", "_completion_loader gantry",
            "print_words() { printf '<%s>' \"$@\"; echo; }",
            "_print_words() { COMP_LINE=gantry${COMP_LINE#print_words} COMP_POINT=$((COMP_POINT - 5));"
            " _gantry; }",
            "complete -F _print_words print_words", "clear"]))
        shell = Terminal(self, ["bash", "--noprofile", "--rcfile", self.dir / "rc", "-i"], self.env, columns=200,
                         cwd=self.dir)
        shell.wait_for(lambda t: t.lines() == ["$"], "bash is ready")
        self.try_all(shell)

    def test_zsh(self):
        self.script("zsh", self.dir / "functions/_gantry")
        (self.dir / ".zshrc").write_text("\n".join([
            f"fpath=({self.dir}/functions $fpath)", "autoload -Uz compinit; compinit -u",
            "unsetopt beep zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste", "PS1='$ '",
            "print_words() { printf '<%s>' \"$@\"; echo }",
            "_print_words() { words[1]=gantry; _gantry }", "compdef _print_words print_words", "clear"]))
        shell = Terminal(self, ["zsh", "-i"], dict(self.env, ZDOTDIR=str(self.dir)), columns=200, cwd=self.dir)
        shell.wait_for(lambda t: t.lines() == ["$"], "zsh is ready")
        self.try_all(shell)


if __name__ == "__main__":
    harness.main()
