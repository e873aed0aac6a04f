"""A debugger for gradients: it walks backward edge by edge, and back again.

    >>> import micrograd_like
    >>> micrograd_like.debug(loss)                              # doctest: +SKIP
    (grad) help

or ``python -m micrograd_like debug SCRIPT:NAME``, or ``breakpoint()`` in a script that runs under
``PYTHONBREAKPOINT=micrograd_like.debugging.debugger.set_trace``.

It stands between two steps. A step takes a value whose gradient is complete, ``out``, and one of
its operands, ``x``, and adds the gradient times the partial to the operand's gradient. Every
``grad`` is what the walk has made it so far; when you leave, what it was before.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import IO, Any

from ..engine import Value, topological_order
from ..text import clean, shorten
from .looking import Looking
from .lookup import Lookup, Mistake
from .prompt import Given, count_of
from .steps import Walk

LEAVING = "every gradient is what it was before"


class Debugger(Looking):
    """The commands that move; the others are in `Looking` and `stopping.Stopping`."""

    prompt = "(grad) "

    def __init__(
        self,
        root: Value,
        namespace: dict[str, Any] | None = None,
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
        seed: float = 1.0,
        commands: Iterable[str] = (),
        constants: bool = False,
    ) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"cannot debug {shorten(root)}: it must be a Value")
        super().__init__("tab", stdin, stdout)
        self.use_rawinput = stdin is None
        for command in [commands] if isinstance(commands, str) else commands:
            if not isinstance(command, str):
                raise TypeError(f"a command is text, as 'step', not {shorten(command)}")
            self.cmdqueue.append(Given(command))
        self.breakpoints, self.displays = [], {}
        self.walk = Walk(root, seed, constants)
        self.lookup = Lookup(self.walk.order, {} if namespace is None else namespace, constants)

    def run(self) -> None:
        """Do commands until the user leaves; then every gradient is again what it was before."""
        try:
            n, had = len(self.walk.tape), self.walk.had
            self.tell(
                f"{self.lookup.title(self.walk.root)}: {n} step{'s' * (n != 1)}"
                + (f", from no gradients. Leaving puts back the {had} there were" if had else "")
            )
            self.show_position()
            while True:
                with self.interruptible():  # at the prompt, as in pdb
                    self.cmdloop()
                    return
        except (OSError, NotImplementedError) as error:  # if in writing, it is raised again
            self.tell(f"\n*** no commands can be read here: {clean(error, 200)}")
            self.tell('run pytest with -s, or say them: debug(loss, commands=["finish", "quit"])')
        finally:
            self.walk.restore()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Catch Ctrl-C, and make the gradients what the walk has made them so far."""
        try:
            yield
        except KeyboardInterrupt:
            self.walk.sync()
            self.end_commands()
            self.tell("--KeyboardInterrupt--")

    # ------------------------------------------------------------------ moving

    def do_step(self, arguments: str) -> None:
        """step [COUNT]: do the next step, or the next COUNT. A step is one edge."""
        self.go(count_of(arguments))

    def do_next(self, arguments: str) -> None:
        """next [COUNT]: do the steps that are left of the current value, or of COUNT values."""
        count, tape, target = count_of(arguments), self.walk.tape, self.walk.position
        while count and target < len(tape):
            out, target = tape[target].out, target + 1
            count -= target == len(tape) or tape[target].out is not out
        self.go(target - self.walk.position or 1)

    def do_until(self, arguments: str) -> None:
        """until [NODE]: go on until the gradient of NODE is complete, or to a breakpoint.

        Without NODE, until the current value has handed on its gradient, as `next` does.
        """
        if not arguments:
            return self.do_next("")
        value = self.node(arguments)
        if value not in self.walk.complete_at:
            raise Mistake(f"{self.lookup.title(value)} is a constant: no step leads there")
        count = self.walk.complete_at[value] - self.walk.position
        if count <= 0:
            name = self.lookup.title(value)
            raise Mistake(f"the gradient of {name} is complete: `back` or `restart`")
        return self.go(count)

    def do_continue(self, arguments: str) -> None:
        """continue: go on to the next breakpoint, or to the end."""
        self.go(sys.maxsize)

    def do_finish(self, arguments: str) -> None:
        """finish: go on to the end, past all breakpoints."""
        self.go(sys.maxsize, stop=False)

    def do_back(self, arguments: str) -> None:
        """back [COUNT]: undo the last step, or the last COUNT. Gradients are restored exactly."""
        self.go(-count_of(arguments), stop=False)

    def do_reverse_continue(self, arguments: str) -> None:
        """reverse-continue: go back to the breakpoint before this place, or to the start."""
        self.go(-sys.maxsize)

    def do_restart(self, arguments: str) -> None:
        """restart: go back to the start. Breakpoints stay."""
        self.go(-self.walk.position, stop=False)

    def do_quit(self, arguments: str) -> bool:
        """quit [keep]: leave; every gradient is then what it was before. At the end of the walk,
        `quit keep` adds the walk's gradients to those of the leaves, as backward() does."""
        if arguments not in ("", "keep"):
            raise Mistake("quit takes no arguments but keep")
        if not arguments:
            self.tell(LEAVING)
            if self.walk.at_end:
                self.tell("(`quit keep` adds those of the walk, as backward() does)")
        elif not self.walk.at_end:
            raise Mistake("this is not the end of the walk: `finish`, then `quit keep`")
        else:
            self.walk.keep()
        return True

    def do_EOF(self, arguments: str) -> bool:
        """End of input (Ctrl-D): quit."""
        self.tell("")
        return self.do_quit("")

    def go(self, count: int, *, stop: bool = True) -> None:
        """Do so many steps, or undo them if negative; with ``stop``, only up to a breakpoint."""
        walk = self.walk
        if count > 0 and walk.at_end:
            raise Mistake("this is the end of the walk: `back`, `restart` or `quit`")
        if count < 0 and not walk.position:
            raise Mistake("this is the start of the walk: `step`, `continue` or `quit`")
        target = min(max(walk.position + count, 0), len(walk.tape))
        self.selected, told = None, False
        try:
            with self.interruptible():
                while walk.position != target and not told:
                    walk.forward() if count > 0 else walk.back()
                    told = stop and self.stops()
        finally:
            self.show_position(not told)


def debug(
    root: Value,
    *,
    seed: float = 1.0,
    commands: Iterable[str] = (),
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
    names: Mapping[str, object] | None = None,
    constants: bool = False,
) -> None:
    """Walk through ``root.backward(seed)`` at a prompt, among ``names`` or those of the caller;
    first do the ``commands``, as if they were typed. Changes no gradient (but see `quit keep`)."""
    found = _names(sys._getframe(1)) if names is None else {**names}
    Debugger(root, found, stdin, stdout, seed, commands, constants).run()


def set_trace(root: Value | None = None) -> None:
    """Do what `breakpoint` should: ``breakpoint(loss)`` debugs the loss, ``breakpoint()`` the local
    name ``loss``, or else the local Value that was computed last.

    Where there is none, start pdb.
    """
    import pdb

    frame = sys._getframe(1)
    root = _root_of(frame.f_locals) if root is None else root
    if root is not None:
        Debugger(root, _names(frame)).run()
    else:
        print("no Value was computed in this frame: this is pdb", file=sys.stderr)
        pdb.Pdb().set_trace(frame)


def _names(frame: FrameType) -> dict[str, Any]:
    """Return the names of a module, to be changed too; in a function, a copy of all in reach."""
    names = frame.f_globals
    return names if frame.f_locals is names else {**names, **frame.f_locals}


def _root_of(names: dict[str, Any]) -> Value | None:
    """Return the Value named loss, or else the last that no other Value was made of."""
    loss = names.get("loss")
    if isinstance(loss, Value):
        return loss
    made = [value for value in names.values() if isinstance(value, Value) and value.op]
    used = {x for out in made for x in topological_order(out)[:-1]}
    return next((value for value in reversed(made) if value not in used), None)
