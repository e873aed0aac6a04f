"""A debugger for gradients: it walks backward edge by edge, and back again.

    >>> import micrograd_like
    >>> micrograd_like.debug(loss)                              # doctest: +SKIP
    (grad) help

or ``python -m micrograd_like debug SCRIPT:NAME``, or ``breakpoint()`` in a script that runs under
``PYTHONBREAKPOINT=micrograd_like.debugging.debugger.set_trace``.

It stands between two steps. A step takes a value whose gradient is complete, ``out``, and one of
its operands, ``x``, and adds the gradient times the partial to the operand's gradient. Every
``grad`` is what the walk has made it so far or, if you leave before the end, what it was before.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType
from typing import IO, Any

from ..engine import Value, topological_order
from ..text import shorten
from .looking import Looking
from .prompt import Breakpoint, Lookup, Mistake, When, condition, count_of, none_taken, number_of
from .steps import Walk


class Debugger(Looking):
    """The commands that move and stop; the others are in `Looking`."""

    prompt = "(grad) "

    def __init__(
        self,
        root: Value,
        namespace: dict[str, Any] | None = None,
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
        seed: float = 1.0,
        commands: Iterable[str] = (),
    ) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"cannot debug {shorten(root)} of type {type(root).__name__}: no Value")
        super().__init__("tab", stdin, stdout)
        self.use_rawinput = stdin is None
        self.namespace = {} if namespace is None else namespace
        self.cmdqueue = list(commands)
        self.queued = len(self.cmdqueue)
        self.walk = Walk(root, seed)
        self.lookup = Lookup(topological_order(root), self.evaluate)
        self.breakpoints: list[Breakpoint] = []
        self.made = 0  # the number of the last one

    def run(self) -> None:
        """Do commands until the user leaves. Unless that is at the end, restore every gradient."""
        try:
            self.tell(f"{self.lookup.title(self.walk.root)}: {len(self.walk.tape)} steps")
            self.show_position()
            while True:
                with self.interruptible():  # at the prompt, as in pdb
                    self.cmdloop()
                    return
        finally:
            if not self.walk.at_end:
                self.walk.restore()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Catch Ctrl-C, and make the gradients what the walk has made them so far."""
        try:
            yield
        except KeyboardInterrupt:
            self.walk.sync()
            self.tell("--KeyboardInterrupt--")

    def evaluate(self, expression: str | CodeType, **names: object) -> Any:
        """Evaluate an expression among the names of the script, and more ``names``."""
        return eval(expression, self.namespace, names or None)

    def default(self, line: str) -> None:
        """Run what is not a command as Python."""
        line = line.removeprefix("!").strip()
        with contextlib.redirect_stdout(self.stdout):
            try:
                code = compile(line, "<stdin>", "eval")
            except SyntaxError:
                exec(compile(f"{line}\n", "<stdin>", "single"), self.namespace)
            else:
                found = self.evaluate(code)
                if found is not None:
                    self.tell(repr(found))

    # ------------------------------------------------------------------ moving

    def do_step(self, arguments: str) -> None:
        """step [COUNT]: do the next step, or the next COUNT. A step is one edge."""
        self.go(count_of(arguments))

    def do_next(self, arguments: str) -> None:
        """next [COUNT]: do the steps that are left of the current value, or of COUNT values."""
        count, tape, target = count_of(arguments), self.walk.tape, self.walk.position
        while count and target < len(tape):
            target += len(tape[target].out.operands) - tape[target].index
            count -= 1
        self.go(target - self.walk.position or 1)

    def do_until(self, arguments: str) -> None:
        """until NODE: go on until the gradient of NODE is complete, or to a breakpoint."""
        value = self.node(arguments, "until")
        count = self.walk.complete_at[value] - self.walk.position
        if count <= 0:
            name = self.lookup.title(value)
            raise Mistake(f"the gradient of {name} is complete: `back` or `restart`")
        self.go(count)

    def do_continue(self, arguments: str) -> None:
        """continue: go on to the next breakpoint, or to the end."""
        none_taken("continue", arguments)
        self.go(sys.maxsize)

    def do_finish(self, arguments: str) -> None:
        """finish: go on to the end, past all breakpoints."""
        none_taken("finish", arguments)
        self.go(sys.maxsize, stop=False)

    def do_back(self, arguments: str) -> None:
        """back [COUNT]: undo the last step, or the last COUNT. Gradients are restored exactly."""
        self.go(-count_of(arguments), stop=False)

    def do_reverse_continue(self, arguments: str) -> None:
        """reverse-continue: go back to the breakpoint before this place, or to the start."""
        none_taken("reverse-continue", arguments)
        self.go(-sys.maxsize)

    def do_restart(self, arguments: str) -> None:
        """restart: go back to the start. Breakpoints stay."""
        self.walk.restart()
        self.show_position()

    def do_quit(self, arguments: str) -> bool:
        """quit: leave. Before the end of the walk, every gradient becomes what it was before."""
        if not self.walk.at_end:
            self.tell("this is not the end of the walk: every gradient is what it was before")
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
        try:
            with self.interruptible():
                while walk.position != target:
                    walk.forward() if count > 0 else walk.back()
                    if stop and self.stops():
                        break
        finally:
            self.show_position()

    def stops(self) -> bool:
        """Tell which breakpoints stop here, and return whether there are any."""
        hit = [each for each in self.breakpoints if each.holds()]
        for each in hit:
            each.hits += 1
            self.tell(each.headline)
        self.breakpoints = [each for each in self.breakpoints if each not in hit or not each.once]
        return bool(hit)

    def show_position(self) -> None:
        """Show the last step and the next one."""
        walk, done, coming = self.walk, self.walk.done, self.walk.coming
        if done is not None:
            first = walk.before(done.x)
            parts = [first] if first else []
            parts += [done.before, done.product] if done.earlier else [done.product]
            total = done.x.grad if first else done.after
            summed = f"{' + '.join(map(repr, parts))} = " if len(parts) > 1 else ""
            to_come = f", {done.waiting} to come" if done.waiting else ""
            self.tell(f"   grad of {self.lookup.title(done.x)} = {summed}{total!r}{to_come}")
        if coming is None:
            walk.sync()  # the user may have changed a grad on the way
            self.tell("-> the end: every gradient is what backward() makes it")
            return
        where = f"   {coming.out.line}" if coming.out.line else ""
        self.tell(
            f"-> {coming.number}/{len(walk.tape)}  {self.lookup.title(coming.out)} to "
            f"{self.lookup.title(coming.x)}: {coming.upstream!r} × {coming.partial!r}"
            f"   ({coming.formula}){where}"
        )

    # ------------------------------------------------------------------ stopping

    def do_break(self, arguments: str) -> None:
        """break [WHERE] [if CONDITION]: stop there. Without arguments, list the breakpoints.

        WHERE is a value: its label, its name as v12, or an expression. The walk stops when the
        gradient of the value is complete. WHERE may also be one of
            op NAME           any value of that op, as `break op relu`
            module NAME       any value of that module, as `break module layers.0`
            FILE:LINE         any value made there, if trace_lines() was on
        With a CONDITION, the walk stops when a gradient changes, that of WHERE or any, and the
        condition is true. It is Python, where |...| stands for abs(...), and has the names grad
        (the sum in this walk so far), before (the sum before this step), step, out and x. Or it is
        one of
            not finite        as in `break if not finite`
            changes sign      as in `break w1 if changes sign`
        """
        self.stop_at(arguments) if arguments else self.do_info("breakpoints")

    def do_tbreak(self, arguments: str) -> None:
        """tbreak [WHERE] [if CONDITION]: set a breakpoint that stops once, and is then deleted."""
        if not arguments:
            raise Mistake("tbreak where? See `help break`")
        self.stop_at(arguments, once=True)

    def do_watch(self, arguments: str) -> None:
        """watch NODE: stop whenever the gradient of NODE changes."""
        value = self.node(arguments, "watch")
        self.add(f"watch {self.lookup.title(value)}", [value], lambda step: True)

    def do_delete(self, arguments: str) -> None:
        """delete [NUMBER ...]: delete these breakpoints, or all."""
        numbers = {number_of(word, "a breakpoint's number") for word in arguments.split()}
        unknown = numbers - {each.number for each in self.breakpoints}
        if unknown:
            raise Mistake(f"no breakpoint {min(unknown)}: `info breakpoints` lists them")
        kept = [each for each in self.breakpoints if numbers and each.number not in numbers]
        self.tell(f"deleted {len(self.breakpoints) - len(kept)}")
        self.breakpoints = kept

    def stop_at(self, text: str, *, once: bool = False) -> None:
        """Add the breakpoint that was typed: [WHERE] [if CONDITION]."""
        where, given, asked = re.split(r"^(.*?)(?:\s*\b(if)\s+(.*))?$", text.strip())[1:4]
        when = condition(asked, self.evaluate) if given else None
        values = self.lookup.place(where) if where or not given else self.lookup.order
        self.add(text.strip(), values, when, once)

    def add(self, text: str, values: list[Value], when: When, once: bool = False) -> None:
        """Add a breakpoint, and tell its number."""
        self.made += 1
        self.breakpoints.append(Breakpoint(self.walk, self.made, text, values, when, once))
        self.tell(self.breakpoints[-1].headline)

    def do_info(self, arguments: str) -> None:
        """info breakpoints | step | values: list the breakpoints, the current step, all values."""
        topic = arguments.strip() or "breakpoints"
        if "breakpoints".startswith(topic):
            self.tell("\n".join(map(str, self.breakpoints)) or "no breakpoints")
        elif "step".startswith(topic):
            self.tell(self.walk.coming or "the end of the walk")
        elif "values".startswith(topic):
            for value in self.lookup.order[-200:]:
                self.tell(f"  {self.described(value)}")
            if len(self.lookup.order) > 200:
                self.tell(f"  the last 200 of {len(self.lookup.order)}")
        else:
            raise Mistake(f"no info about {topic!r}: say breakpoints, step or values")


def debug(
    root: Value,
    *,
    seed: float = 1.0,
    commands: Iterable[str] = (),
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
) -> None:
    """Walk through ``root.backward(seed)`` at a prompt, among the names of the caller; first do the
    ``commands``, as if they were typed."""
    Debugger(root, _names(sys._getframe(1)), stdin, stdout, seed, commands).run()


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
