"""What a person sees of `gateway dev`: a line per step, every child's output behind its name, and the last words.

Colour only on a terminal (rich sees to it, and to NO_COLOR). Every line is flushed at once and never wrapped: a
terminal wraps by itself, and a line in a file or a pasted command must stay one line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

NAME_WIDTH = 12


class Report:
    """Writes to one console; lines never mix, since each is written whole."""

    def __init__(self, console: Console) -> None:
        self._console = console
        if isinstance(console.file, io.TextIOWrapper):
            console.file.reconfigure(errors="replace")  # a terminal without å must not stop the stack
        unicode = console.encoding.startswith("utf")
        self._done, self._failed, self._bar = ("✓", "✗", "│") if unicode else ("+", "!", "|")

    @property
    def coloured(self) -> bool:
        """Whether the output is coloured; children are told, since they write to a pipe."""
        return self._console.is_terminal and not self._console.no_color

    def step(self, name: str, detail: str, seconds: float) -> None:
        """One line for one step that is done, with how long it took."""
        self._print(
            Text.assemble(
                (f"{self._done} ", "bold green"),
                (f"{name:<{NAME_WIDTH}}  ", "bold"),
                detail,
                (f"  {seconds:.2f} s", "dim"),
            )
        )

    def note(self, name: str, sentence: str) -> None:
        """One line for something worth knowing that stops nothing."""
        self._print(Text.assemble(("· ", "bold yellow"), (f"{name:<{NAME_WIDTH}}  ", "bold"), sentence))

    def problem(self, sentence: str, last_lines: Sequence[str] = ()) -> None:
        """One sentence (or one a line) for something that went wrong, and the output that may tell why."""
        for line in sentence.splitlines():
            self._print(Text.assemble((f"{self._failed} ", "bold red"), (line, "red")))
        if last_lines:
            self._print(Text("    Its last lines:", "dim"))
        for line in last_lines:
            self._print(Text.assemble((f"    {self._bar} ", "dim"), Text.from_ansi(line)))

    def output(self, name: str, colour: str, line: str) -> None:
        """One line that a child process wrote, behind its name."""
        self._print(Text.assemble((f"{name:>{NAME_WIDTH + 2}} {self._bar} ", colour), Text.from_ansi(line)))

    def invitation(self, title: str, address: str, hint: str, command: str) -> None:
        """The address to open and a command to paste, between two rules; the command is plain text, unframed."""
        rule = Text(("─" if self._bar == "│" else "-") * min(self._console.width, 80), "dim")
        self._print(rule)
        self._print(Text.assemble((title, "bold"), (address, "bold underline cyan")))
        self._print(Text.assemble((hint, "bold"), "\n"))
        self._print(Text(command))
        self._print(Text(""))
        self._print(rule)

    def stopping(self) -> None:
        """One line, below the `^C` that a terminal has shown."""
        self.say("\nStopping ..." if self._console.is_terminal else "Stopping ...")

    def say(self, sentence: str) -> None:
        """One plain line."""
        self._print(Text(sentence))

    def _print(self, text: Text) -> None:
        try:
            self._console.print(text, soft_wrap=True)
        except OSError:
            # The terminal is gone. SIGHUP is on its way, and stopping must not fail for want of an audience.
            self._console.quiet = True
