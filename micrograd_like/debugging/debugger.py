"""A debugger for gradients: it walks backward edge by edge, and back again.

    >>> import micrograd_like
    >>> micrograd_like.debug(loss)                              # doctest: +SKIP
    (grad) help

or ``python -m micrograd_like debug SCRIPT:NAME``, or ``breakpoint()`` in a script that is run with
``PYTHONBREAKPOINT=micrograd_like.debugging.debugger.set_trace``.

The debugger stands between two steps. A step takes a value whose gradient is complete, ``out``, and
one of its operands, ``x``, and adds the gradient times the partial to the operand's gradient. While
it stands, the ``grad`` of every value is what the walk has made it so far; at the end of the walk
it is what ``backward()`` leaves. Leaving before that makes every ``grad`` what it was.
"""

from __future__ import annotations

import cmd
import contextlib
import inspect
import keyword
import math
import re
import sys

from ..drawing.graph import Graph, grad_of, is_computed, values_below
from ..engine import Value
from ..names import Names
from ..text import cells, clean, printable
from .steps import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import IO, Any

    from .steps import Step

    Condition = Callable[[int], object]  # asked between two steps: how many are done

ALIASES = {"s": "step", "n": "next", "c": "continue", "cont": "continue", "unt": "until"}
ALIASES |= {"b": "break", "tb": "tbreak", "d": "delete", "cl": "delete", "clear": "delete"}
ALIASES |= {"rs": "back", "reverse-step": "back", "rc": "reverse_continue"}
ALIASES |= {"run": "restart", "i": "info"}
ALIASES |= {"w": "where", "bt": "where", "l": "list", "p": "print", "fin": "finish"}
ALIASES |= {"q": "quit", "exit": "quit", "h": "help", "?": "help"}

WHICH = "which value? Say its label, or its name as `info values` shows it"


class Mistake(Exception):
    """What the user has to put otherwise."""


class Breakpoint:
    """A reason to stop: ``holds(position)`` is asked between two steps."""

    __slots__ = ("hits", "holds", "number", "temporary", "text")

    def __init__(
        self,
        number: int,
        text: str,
        holds: Condition,
        *,
        temporary: bool,
    ) -> None:
        self.number = number
        self.text = text
        self.holds = holds
        self.temporary = temporary
        self.hits = 0


class Debugger(cmd.Cmd):
    """The prompt. Its commands are the methods ``do_...``, and their docstrings are the manual."""

    prompt = "(grad) "
    identchars = cmd.Cmd.identchars + "-"
    doc_header = "Commands (help COMMAND tells more; anything else is evaluated as Python):"

    def __init__(
        self,
        root: Value,
        namespace: dict[str, Any] | None = None,
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
        seed: float = 1.0,
        commands: Iterable[str] = (),
        local_names: dict[str, Any] | None = None,
    ) -> None:
        super().__init__("tab", stdin, stdout)
        if not isinstance(root, Value):
            raise TypeError(f"cannot debug {root!r} of type {type(root).__name__}: not a Value")
        self.use_rawinput = stdin is None
        self.namespace = {} if namespace is None else namespace
        self.locals = self.namespace if local_names is None else local_names
        self.values = values_below([root])
        self.names = Names(self.values)
        self.walk = Walk(root, seed)
        self.nearest: dict[Value, Value] = {}  # to each value, of those made of it, to the root
        self.breakpoints: list[Breakpoint] = []
        self.count = 0  # of breakpoints ever made
        self.cmdqueue = list(commands)  # to be done before any is asked for
        self.queued = len(self.cmdqueue)

    # ------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Take commands until the user leaves, and leave the gradients whole whatever happens."""
        try:
            self.tell(f"{self.named(self.walk.root)}: {len(self.walk.tape)} steps")
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
        """Take Ctrl-C, and leave the gradients as the walk has made them so far."""
        try:
            yield
        except KeyboardInterrupt:
            self.walk.sync()
            self.tell("--KeyboardInterrupt--")

    def precmd(self, line: str) -> str:
        """Show a command that was not typed, as if it had been."""
        if self.queued:
            self.queued -= 1
            self.tell(f"{self.prompt}{line}")
        return line

    def onecmd(self, line: str) -> bool:
        """Do a command, and tell a mistake instead of ending the session."""
        try:
            return bool(super().onecmd(line))
        except Mistake as mistake:
            self.tell(f"*** {mistake}")
        except Exception as error:
            self.tell(f"*** {type(error).__name__}: {error}")
        return False

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Take a word alone, or before a blank and no ``=``, for a command; else it is Python."""
        command, arguments, line = super().parseline(line)
        if not command or command == "EOF":
            return command, arguments, line
        rest = "" if line[0] in "?!" else line[len(command) :]
        if rest and (not rest[0].isspace() or rest.lstrip().startswith("=")):
            return None, None, line
        return self.command_of(command), arguments, line

    def command_of(self, word: str) -> str:
        """Return the command that a word is short for, or the word."""
        commands = [name[3:] for name in self.get_names() if name.startswith("do_")]
        word = word.replace("-", "_") if word.replace("-", "_") in commands else word
        if word in commands or word in ALIASES:
            return ALIASES.get(word, word)
        longer = [command for command in commands if command.startswith(word.replace("-", "_"))]
        known = word in self.namespace or word in self.locals or keyword.iskeyword(word)
        return longer[0] if len(longer) == 1 and len(word) > 2 and not known else word

    def default(self, line: str) -> None:
        """Evaluate what is no command in the script's namespace."""
        line = line.removeprefix("!").strip()
        try:
            with contextlib.redirect_stdout(self.stdout):
                try:
                    code = compile(line, "<stdin>", "eval")
                except SyntaxError:
                    exec(compile(f"{line}\n", "<stdin>", "single"), self.namespace, self.locals)
                else:
                    found = eval(code, self.namespace, self.locals)
                    if found is not None:
                        self.tell(repr(found))
        except Exception as error:
            self.tell(f"*** {type(error).__name__}: {error}")

    def emptyline(self) -> bool:
        """Repeat the last command, as pdb and gdb do."""
        return self.onecmd(self.lastcmd) if self.lastcmd else False

    def tell(self, text: object) -> None:
        """Print, also on a terminal that has not every character."""
        print(printable(str(text), self.stdout), file=self.stdout, flush=True)

    # ------------------------------------------------------------------ moving

    def do_step(self, arguments: str) -> None:
        """step [COUNT]: do the next step, or so many: one edge each."""
        target = self.walk.position + _count(arguments)
        self.run_until(lambda position: position >= target)

    def do_next(self, arguments: str) -> None:
        """next [COUNT]: do all the steps that are left of the current value, to the next one."""
        count = _count(arguments)

        def arrived(position: int) -> bool:
            nonlocal count
            done, coming = self.walk.done, self.walk.coming
            count -= done is not None and coming is not None and coming.out is not done.out
            return count == 0

        self.run_until(arrived)

    def do_until(self, arguments: str) -> None:
        """until NODE: go on until the gradient of NODE is complete, or to a breakpoint."""
        if not arguments:
            raise Mistake(f"until {WHICH}")
        value = self.node(arguments)
        target = self.walk.complete_at[value]
        if self.walk.position >= target:
            raise Mistake(f"the gradient of {self.named(value)} is complete: `back` or `restart`")
        self.run_until(lambda position: position >= target)

    def do_continue(self, arguments: str) -> None:
        """continue: go on to the next breakpoint, or to the end."""
        _none_taken("continue", arguments)
        self.run_until(lambda position: False)

    def do_finish(self, arguments: str) -> None:
        """finish: go on to the end, past all breakpoints."""
        _none_taken("finish", arguments)
        self.run_until(lambda position: False, stop=False)

    def do_back(self, arguments: str) -> None:
        """back [COUNT]: undo the last step, or so many. Gradients are restored exactly."""
        count = _count(arguments)
        self.not_at_start()
        for _ in range(min(count, self.walk.position)):
            self.walk.back()
        self.show_position()

    def do_reverse_continue(self, arguments: str) -> None:
        """reverse-continue: go back to the last breakpoint before here, or to the start."""
        _none_taken("reverse-continue", arguments)
        self.not_at_start()
        try:
            with self.interruptible():
                while self.walk.position:
                    self.walk.back()
                    if self.stops():
                        break
        finally:
            self.show_position()

    def do_restart(self, arguments: str) -> None:
        """restart: go back to the start. Breakpoints stay."""
        self.walk.restart()
        self.show_position()

    def do_quit(self, arguments: str) -> bool:
        """quit: leave. In the middle of the walk every gradient becomes what it was before it."""
        if not self.walk.at_end:
            self.tell("the walk is not done: the gradients are as before it")
        return True

    def do_EOF(self, arguments: str) -> bool:
        """End of input (Ctrl-D): quit."""
        self.tell("")
        return self.do_quit("")

    def not_at_start(self) -> None:
        if not self.walk.position:
            raise Mistake("this is the start of the walk: `step`, `continue` or `quit`")

    def run_until(self, holds: Condition, *, stop: bool = True) -> None:
        """Do steps until a condition holds, and with ``stop`` until a breakpoint does."""
        if self.walk.at_end:
            raise Mistake("this is the end of the walk: `back`, `restart` or `quit`")
        try:
            with self.interruptible():
                while not self.walk.at_end:
                    self.walk.forward()
                    stopped = stop and self.stops()
                    if holds(self.walk.position) or stopped:
                        break
        finally:
            self.show_position()

    def stops(self) -> bool:
        """Tell of the breakpoints that hold here, and whether there are any."""
        hit = [each for each in self.breakpoints if each.holds(self.walk.position)]
        for each in hit:
            each.hits += 1
            self.tell(f"Breakpoint {each.number}: {each.text}")
        self.breakpoints = [
            each for each in self.breakpoints if each not in hit or not each.temporary
        ]
        return bool(hit)

    def show_position(self) -> None:
        """Show the step that was done last and the one that comes."""
        walk, done, coming = self.walk, self.walk.done, self.walk.coming
        if done is not None:
            parts = [done.before, done.product] if done.earlier else [done.product]
            total = done.after
            if walk.before(done.x):
                parts.insert(0, walk.before(done.x))
                total = done.x.grad
            summed = f"{' + '.join(map(repr, parts))} = " if len(parts) > 1 else ""
            to_come = f", {done.waiting} to come" if done.waiting else ""
            self.tell(f"   grad of {self.named(done.x)} = {summed}{total!r}{to_come}")
        if coming is None:
            walk.sync()  # whatever was done to the gradients on the way
            self.tell("-> the end: every gradient is what backward() makes it")
            return
        where = f"   {coming.out.line}" if coming.out.line else ""
        self.tell(
            f"-> {coming.number}/{len(walk.tape)}  {self.named(coming.out)} to "
            f"{self.named(coming.x)}: {coming.upstream!r} × {coming.partial!r}"
            f"   ({coming.formula}){where}"
        )

    # ------------------------------------------------------------------ stopping

    def do_break(self, arguments: str) -> None:
        """break [WHERE] [if CONDITION]: stop there; without arguments list the breakpoints.

        WHERE is a value (its label, its name as v12, or an expression), which stops when its
        gradient is complete; or one of
            op NAME           any value of that op, as `break op relu`
            module NAME       any value of that module, as `break module layers.0`
            FILE:LINE         any value made there, if trace_lines() was on
        CONDITION is asked of every gradient that changes, or of that value's only: Python with the
        names grad (what the value has got in this walk), before, step, out and x, and |...| for
        abs(...), or one of
            not finite        as in `break if not finite`
            changes sign      as in `break w1 if changes sign`
        """
        if not arguments:
            self.do_info("breakpoints")
        else:
            self.make_breakpoint(arguments, temporary=False)

    def do_tbreak(self, arguments: str) -> None:
        """tbreak [WHERE] [if CONDITION]: a breakpoint that is deleted when it stops."""
        if not arguments:
            raise Mistake("tbreak where? See `help break`")
        self.make_breakpoint(arguments, temporary=True)

    def do_watch(self, arguments: str) -> None:
        """watch NODE: stop whenever the gradient of NODE changes."""
        if not arguments:
            raise Mistake(f"watch {WHICH}")
        value = self.node(arguments)
        text = f"watch {self.named(value)}"
        self.add_breakpoint(
            text,
            lambda position: position and self.walk.tape[position - 1].x is value,
            temporary=False,
        )

    def do_delete(self, arguments: str) -> None:
        """delete [NUMBER ...]: delete these breakpoints, or all."""
        numbers = {_number(word, "a breakpoint's number") for word in arguments.split()}
        unknown = numbers - {each.number for each in self.breakpoints}
        if unknown:
            raise Mistake(f"no breakpoint {min(unknown)}")
        kept = [each for each in self.breakpoints if numbers and each.number not in numbers]
        self.tell(f"deleted {len(self.breakpoints) - len(kept)}")
        self.breakpoints = kept

    def make_breakpoint(self, arguments: str, *, temporary: bool) -> None:
        where, given, condition = re.split(r"^(.*?)(?:\s*\b(if)\s+(.*))?$", arguments)[1:4]
        where = where.strip()
        if given:
            asked = self.condition(condition)
            inside = set(self.place(where) if where else self.values)

            def holds(position: int) -> object:
                done = self.walk.done
                return done is not None and done.x in inside and asked(done)

            self.add_breakpoint(arguments.strip(), holds, temporary=temporary)
        else:
            complete = {self.walk.complete_at[value] for value in self.place(where)}
            self.add_breakpoint(arguments.strip(), complete.__contains__, temporary=temporary)

    def add_breakpoint(self, text: str, holds: Condition, *, temporary: bool) -> None:
        self.count += 1
        self.breakpoints.append(Breakpoint(self.count, text, holds, temporary=temporary))
        self.tell(f"Breakpoint {self.count}: {text}")

    def place(self, where: str) -> list[Value]:
        """Return the values that a breakpoint's place stands for."""
        kind, _, name = where.partition(" ")
        name = name.strip()
        if kind == "op":
            found = [v for v in self.values if v.op and name in (v.op.name, v.op.symbol)]
            known = sorted({v.op.name for v in self.values if v.op})
            return found or _none("op", name, known)
        if kind == "module":
            found = [v for v in self.values if name in map(str, getattr(v.label, "modules", ()))]
            known = sorted({str(m) for v in self.values for m in getattr(v.label, "modules", ())})
            return found or _none("module", name, known)
        if re.search(r":\d+$", where):
            found = [v for v in self.values if v.line == where or v.line.endswith(f"/{where}")]
            if not found and not any(v.line for v in self.values):
                raise Mistake("no value knows its line: make them under trace_lines()")
            return found or _none("value made at", where, sorted({v.line for v in self.values}))
        return [self.node(where)]

    def condition(self, text: str) -> Callable[[Step], object]:
        """Return what a condition asks of a step."""
        if text == "not finite":
            return lambda step: not math.isfinite(step.after)
        if text == "changes sign":
            return lambda step: step.before * step.after < 0
        try:
            code = compile(re.sub(r"\|([^|]+)\|", r"abs(\1)", text), "<condition>", "eval")
        except SyntaxError as error:
            raise Mistake(f"{text!r} is no condition: {error.msg}") from None

        def asked(step: Step) -> object:
            names = {"grad": step.after, "before": step.before, "out": step.out, "x": step.x}
            try:
                return eval(code, self.namespace, {**self.locals, "step": step, **names})
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
                raise Mistake(f"the condition {text!r} raised {problem}") from None

        return asked

    # ------------------------------------------------------------------ looking

    def do_where(self, arguments: str) -> None:
        """where: a path from the loss to here, the nearest value last."""
        _none_taken("where", arguments)
        coming = self.walk.coming
        path = [self.walk.root] if coming is None else [coming.x, *self.path_to(coming.out)]
        for i, value in reversed([*enumerate(path)]):
            if 20 <= i < len(path) - 20:
                if i == 20:
                    self.tell(f"   … {len(path) - 40} more …")
                continue
            self.tell(f"{'->' if i == 0 else '  '} {self.described(value)}")

    def do_list(self, arguments: str) -> None:
        """list [NODE]: the neighbourhood of a value, or of the current one, as text art."""
        coming = self.walk.coming
        value = self.node(arguments) if arguments else coming.out if coming else self.walk.root
        above = [(out, i) for out in self.values for i, x in enumerate(out.operands) if x is value]
        for k, (out, i) in enumerate(above[:12]):
            corner = "┌" if k == 0 else "├"
            self.tell(f"   {corner}─ {self.described(out)}   × {out.partials[i]!r}")
        if len(above) > 12:
            self.tell(f"   ├─ … and {len(above) - 12} more")
        if above:
            self.tell("   ▼")
        self.tell(f"{'->' if coming and value is coming.out else '  '} {self.described(value)}")
        operands = list(enumerate(zip(value.operands, value.partials)))
        for i, (x, dx) in operands[:40]:
            corner = "└" if i == len(operands) - 1 else "├"
            here = coming and coming.out is value and coming.index == i
            mark = "▶" if here else "─"
            self.tell(f"   {corner}─{mark} {self.described(x)}   × {dx!r}")
        if len(operands) > 40:
            self.tell(f"   └── … and {len(operands) - 40} more")

    def do_print(self, arguments: str) -> None:
        """print EXPRESSION: a value by its label or name, or a Python expression of the script."""
        value = self.labelled(arguments.strip())
        if value is None:
            self.default(arguments)
        else:
            self.tell(repr(value))

    def do_whatis(self, arguments: str) -> None:
        """whatis NODE: what a value is, made of what, and how far its gradient has come."""
        value = self.node(arguments)
        kind = "a leaf"
        if value.op:
            more = " …" if len(value.operands) > 8 else ""
            kind = f"{value.op.name} of {', '.join(map(self.named, value.operands[:8]))}{more}"
        self.tell(f"{self.named(value)} is {kind}")
        self.tell(f"   data {value.data!r}")
        if value.line:
            self.tell(f"   made at {value.line}")
        uses = sum(x is value for out in self.values for x in out.operands)
        arrived = sum(step.x is value for step in self.walk.tape[: self.walk.position])
        self.tell(f"   grad {self.gradient(value)}, {arrived} of {uses} contributions are there")

    def do_formula(self, arguments: str) -> None:
        """formula [NODE]: the formulas of a value's op, or of the current one's, in numbers."""  # noqa: D401
        coming = self.walk.coming
        value = self.node(arguments) if arguments else coming.out if coming else self.walk.root
        if value.op is None:
            raise Mistake(f"{self.named(value)} is a leaf: no op made it")
        n = len(value.operands)
        self.tell(f"{self.named(value)} = {value.op.name} = {value.data!r}")
        for i, (x, dx) in enumerate(zip(value.operands, value.partials)):
            self.tell(f"   {value.op.formula(i, n, dx)}   towards {self.named(x)}")

    def do_why(self, arguments: str) -> None:
        """why NODE: explain why its gradient is what it is: the paths that it is the sum of."""
        from .explain import explain

        if not arguments:
            raise Mistake(f"why {WHICH}")
        self.tell(explain(self.node(arguments), self.walk.root))

    def do_draw(self, arguments: str) -> None:
        """draw [FILE]: the graph with the current position lit, to an .svg (or .png) file."""
        path = arguments.strip() or "grad.svg"
        coming = self.walk.coming
        lit = [coming.out, coming.x] if coming else []
        try:
            graph = Graph(self.walk.root, highlight=lit, view="partials")
        except ValueError:
            here = coming.out if coming else self.walk.root
            graph = Graph(here, highlight=lit, view="partials", levels=3)
            self.tell(f"the graph is large: this is what {self.named(here)} was made of")
        for arrow in graph.scene.arrows:
            if coming and arrow.key == f"e{graph.names.key(coming.out)}-{coming.index}":
                arrow.lit = True
        graph.save(path)
        self.tell(f"wrote {path}")

    def do_pdb(self, arguments: str) -> None:
        """pdb: step through the current op's rule in pdb, with its operands as local names."""
        import pdb

        coming = self.walk.coming
        if coming is None:
            raise Mistake("this is the end of the walk: there is no rule to run")
        stdin, stdout = (None, None) if self.use_rawinput else (self.stdin, self.stdout)
        debugger = pdb.Pdb("tab", stdin, stdout, nosigint=True)  # Ctrl-C stays this prompt's
        op, out = coming.out.op, coming.out.data
        assert op is not None
        floats = tuple([x.data for x in coming.out.operands])
        operands: tuple[Any, ...] = (floats,) if op.many else floats
        partials: Any = debugger.runcall(op.partials, out, *operands)
        if partials is None:  # it was left by `quit`
            return
        self.tell(f"partials: {partials!r}")
        if repr(coming.out.partials).strip("(,)") != repr(partials).strip("(,)"):
            self.tell(f"of data that has changed: they were {coming.out.partials!r} when recorded")

    def do_info(self, arguments: str) -> None:
        """info breakpoints | step | values: list the breakpoints, the current step, all values."""
        topic = arguments.strip() or "breakpoints"
        if "breakpoints".startswith(topic):
            for each in self.breakpoints:
                kept = "once" if each.temporary else "keep"
                hits = f"   {each.hits} hit{'s' * (each.hits != 1)}" if each.hits else ""
                self.tell(f"{each.number:>3}  {kept}  {each.text}{hits}")
            if not self.breakpoints:
                self.tell("no breakpoints")
        elif "step".startswith(topic):
            self.tell(self.walk.coming or "the end of the walk")
        elif "values".startswith(topic):
            for value in self.values[-200:]:
                self.tell(f"  {self.described(value)}")
            if len(self.values) > 200:
                self.tell(f"  the last 200 of {len(self.values)}")
        else:
            raise Mistake(f"no info about {topic!r}: breakpoints, step or values")

    # ------------------------------------------------------------------ names

    def node(self, text: str) -> Value:
        """Return the value that a label, a name or an expression stands for."""
        text = text.strip()
        value = self.labelled(text)
        if value is not None:
            return value
        try:
            found = eval(text, self.namespace, self.locals)
        except Exception:
            found = None
        if isinstance(found, Value):
            if found not in self.names:
                raise Mistake(f"{text} is not in the graph of {self.named(self.walk.root)}")
            return found
        labels = [clean(v.label, 30) for v in self.values if v.label]
        raise Mistake(
            f"no value {text!r}: labels are {', '.join(labels[:12]) or 'not given'}"
            f"{' …' if len(labels) > 12 else ''}; `info values` lists all values"
        )

    def labelled(self, text: str) -> Value | None:
        found = [value for value in self.values if value.label and str(value.label) == text]
        if len(found) > 1:
            variable = self.locals.get(text, self.namespace.get(text))
            if isinstance(variable, Value) and variable in found:
                return variable
            names = ", ".join(self.names.key(value) for value in found[:8])
            raise Mistake(f"{len(found)} values have the label {text!r}: say one of {names}")
        if found:
            return found[0]
        named = [value for value in self.names if self.names.key(value) == text]
        return named[0] if named else None

    def named(self, value: Value) -> str:
        """Return a value's label, or its op's symbol and its key, as in `tanh v7`."""
        return self.names.title(value)

    def described(self, value: Value) -> str:
        name = clean(value.label, 24)
        padded = name + " " * (8 - cells(name))
        kind = value.op.symbol if value.op else "leaf"
        grad = self.gradient(value)
        return f"{self.names.key(value):4} {padded} {kind:5} data {value.data!r}   grad {grad}"

    def gradient(self, value: Value) -> str:
        return repr(grad_of(value)) if is_computed(value) else "–"

    def path_to(self, value: Value) -> list[Value]:
        """Return a shortest path from a value up to the root."""
        if not self.nearest:
            edge = [self.walk.root]
            while edge:
                new = []
                for out in edge:
                    for x in out.operands:
                        if x not in self.nearest:
                            self.nearest[x] = out
                            new.append(x)
                edge = new
        path = [value]
        while path[-1] is not self.walk.root:
            path.append(self.nearest[path[-1]])
        return path

    def complete_node(self, text: str, line: str, begin: int, end: int) -> list[str]:
        known = [str(v.label) for v in self.values if v.label and str(v.label).isprintable()]
        return sorted(
            {name for name in [*known, *map(self.names.key, self.values)] if name.startswith(text)}
        )

    def complete_break(self, text: str, line: str, begin: int, end: int) -> list[str]:
        words = line.split()
        known = set(map(self.names.key, self.values)) | {
            str(v.label) for v in self.values if v.label
        }
        if len(words) > 1 and words[1] == "op":
            known = {v.op.name for v in self.values if v.op}
        elif len(words) > 1 and words[1] == "module":
            known = {str(m) for v in self.values for m in getattr(v.label, "modules", ())}
        return sorted(name for name in known if name.startswith(text) and name.isprintable())

    def complete_print(self, text: str, line: str, begin: int, end: int) -> list[str]:
        names = {*self.namespace, *self.locals}
        found = [name for name in names if text and name.startswith(text)]
        return sorted({*found, *self.complete_node(text, line, begin, end)})

    complete_tbreak = complete_break
    complete_until = complete_watch = complete_whatis = complete_why = complete_node
    complete_list = complete_formula = complete_node

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        return [name.replace("_", "-") for name in super().completenames(text.replace("-", "_"))]

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: list the commands, or tell what one does."""
        word = self.command_of(arg.strip()) if arg.strip() else ""
        method = getattr(self, f"do_{word}", None)
        if method is not None:
            self.tell(inspect.cleandoc(method.__doc__ or ""))
        else:
            super().do_help(arg)


def _none_taken(command: str, arguments: str) -> None:
    if arguments.strip():
        raise Mistake(f"{command} takes no arguments; if this is Python, put ! before it")


def _none(kind: str, name: str, known: list[str]) -> list[Value]:
    raise Mistake(f"no {kind} {name!r} in the graph: it has {', '.join(known[:20]) or 'none'}")


def _count(arguments: str) -> int:
    return _number(arguments, "a count of steps") if arguments.strip() else 1


def _number(text: str, what: str) -> int:
    if not text.strip().isdecimal() or not int(text):
        raise Mistake(
            f"{text.strip()!r} is not {what}: it must be a whole number of at least 1; "
            "if this is Python, put ! before it"
        )
    return int(text)


def debug(
    root: Value,
    *,
    seed: float = 1.0,
    commands: Iterable[str] = (),
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
) -> None:
    """Walk through ``root.backward(seed)`` at a prompt, in the caller's namespace.

    ``commands`` are done first, as if they were typed.
    """
    frame = sys._getframe(1)
    names = frame.f_globals
    local_names = None if frame.f_locals is names else dict(frame.f_locals)
    Debugger(root, names, stdin, stdout, seed, commands, local_names).run()


def set_trace(root: Value | None = None, *, frame: FrameType | None = None) -> None:
    """Do what `breakpoint` should: ``breakpoint(loss)`` debugs the loss, ``breakpoint()`` the local
    name ``loss``, or else the Value that was computed last of the local ones.

    Where there is none, this is pdb.
    """
    import pdb

    frame = sys._getframe(1) if frame is None else frame
    if root is None:
        root = _root_of(frame.f_locals)
    if root is None:
        print("no Value that was computed in this frame: this is pdb", file=sys.stderr)
        pdb.Pdb().set_trace(frame)
        return
    names = frame.f_globals
    local_names = None if frame.f_locals is names else dict(frame.f_locals)
    Debugger(root, names, local_names=local_names).run()


def _root_of(names: dict[str, Any]) -> Value | None:
    """Return the Value named loss, or the last one that no other one was made of."""
    loss = names.get("loss")
    if isinstance(loss, Value):
        return loss
    made = [value for value in names.values() if isinstance(value, Value) and value.op]
    used = {x for out in made for x in values_below([out])[:-1]}
    return next((value for value in reversed(made) if value not in used), None)
