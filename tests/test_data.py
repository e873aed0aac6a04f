"""The data sets are what they say, repeatable, and bad input is refused where it stands."""

import csv
import gzip
import io
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like.data import (
    Row,
    Standardiser,
    batches,
    circles,
    moons,
    read_csv,
    spirals,
    split,
    xor,
)

GENERATORS = [moons, circles, spirals, xor]
IRIS = Path(__file__).parents[1] / "demos" / "data" / "iris.csv"

# Wide enough to meet cancellation and subnormals, narrow enough for sums not to overflow.
numbers = st.floats(-1e150, 1e150)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.tuples(st.lists(numbers, min_size=width, max_size=width), st.integers(-3, 9)),
        min_size=1,
        max_size=12,
    )
)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestGenerators:
    @pytest.mark.parametrize("make", GENERATORS)
    def test_a_seed_repeats_and_another_differs(self, make: Callable[..., list[Row]]) -> None:
        assert make(50, 0.1, 7) == make(50, 0.1, random.Random(7))
        assert make(50, 0.1, 7) != make(50, 0.1, 8)

    @pytest.mark.parametrize("make", GENERATORS)
    def test_a_generator_is_advanced(self, make: Callable[..., list[Row]]) -> None:
        rng = random.Random(7)
        assert make(5, 0.1, rng) != make(5, 0.1, rng)

    @pytest.mark.parametrize("make", GENERATORS)
    @given(n=st.integers(1, 40))
    def test_rows_have_their_types_and_number(self, make: Callable[..., list[Row]], n: int) -> None:
        rows = make(n, 0.1, n)
        assert len(rows) == n
        for inputs, target in rows:
            assert [type(x) for x in inputs] == [float, float]
            assert type(target) is int

    @pytest.mark.parametrize("make", GENERATORS)
    def test_noise_of_the_asked_deviation_is_added_to_the_same_points(
        self, make: Callable[..., list[Row]]
    ) -> None:
        clean, noisy = make(2000, 0.0, 3), make(2000, 0.25, 3)
        assert [t for _, t in clean] == [t for _, t in noisy]
        shifts = [
            b - a
            for (xs, _), (ys, _) in zip(clean, noisy, strict=True)
            for a, b in zip(xs, ys, strict=True)
        ]
        assert abs(math.fsum(shifts) / len(shifts)) < 0.02
        assert math.hypot(*shifts) / math.sqrt(len(shifts)) == pytest.approx(0.25, rel=0.05)

    @pytest.mark.parametrize("make", [moons, circles, spirals])
    def test_every_prefix_is_balanced(self, make: Callable[..., list[Row]]) -> None:
        targets = [target for _, target in make(11)]
        assert targets == [i % 2 for i in range(11)]

    def test_moons_lie_on_their_half_circles(self) -> None:
        rows = moons(400, noise=0.0)
        for (x, y), target in rows:
            assert math.hypot(x - target, y - 0.5 * target) == pytest.approx(1)
            assert y <= 0.5 if target else y >= 0
        for side in 0, 1:
            xs = [x - side for (x, _), target in rows if target == side]
            assert min(xs) < -0.95
            assert max(xs) > 0.95

    def test_circles_have_their_radii(self) -> None:
        rows = circles(400, noise=0.0, factor=0.3)
        for (x, y), target in rows:
            assert math.hypot(x, y) == pytest.approx(0.3 if target else 1)
        assert {(x > 0, y > 0, target) for (x, y), target in rows} == {
            (right, up, target)
            for right in (False, True)
            for up in (False, True)
            for target in (0, 1)
        }

    def test_spirals_tell_their_class_by_radius_and_angle(self) -> None:
        rows = spirals(300, noise=0.0, classes=3, turns=1.5)
        assert Counter(target for _, target in rows) == {0: 100, 1: 100, 2: 100}
        for (x, y), target in rows:
            along = (math.hypot(x, y) - 0.1) / 0.9
            assert 0 <= along < 1
            turn = math.atan2(y, x) / math.tau - 1.5 * along - target / 3
            assert turn - round(turn) == pytest.approx(0, abs=1e-9)

    def test_xor_is_the_truth_table(self) -> None:
        table = [([0.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 0.0], 1), ([1.0, 1.0], 0)]
        assert xor() == table
        assert xor(9) == [*table, *table, table[0]]

    @pytest.mark.parametrize("make", GENERATORS)
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0,), "n = 0"),
            ((-3,), "n = -3"),
            ((4, -0.1), "noise = -0.1"),
            ((4, math.nan), "noise = nan"),
            ((4, math.inf), "noise = inf"),
        ],
    )
    def test_bad_numbers_are_refused(
        self, make: Callable[..., list[Row]], arguments: tuple[float, ...], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            make(*arguments)

    @pytest.mark.parametrize("make", GENERATORS)
    @pytest.mark.parametrize("rng", [None, 1.5, "seed"])
    def test_what_is_no_seed_is_refused(self, make: Callable[..., list[Row]], rng: object) -> None:
        with pytest.raises(TypeError, match=r"random\.Random or an int seed"):
            make(4, 0.1, rng)

    def test_bad_shapes_are_refused(self) -> None:
        for factor in (0.0, 1.0, -0.5, math.nan):
            with pytest.raises(ValueError, match=f"factor = {factor}"):
                circles(4, factor=factor)
        with pytest.raises(ValueError, match="classes = 0"):
            spirals(4, classes=0)
        with pytest.raises(ValueError, match="turns = nan"):
            spirals(4, turns=math.nan)


class TestReadCsv:
    def test_irises(self) -> None:
        rows = read_csv(IRIS, skip=1, classes=("setosa", "versicolor", "virginica"))
        assert rows[0] == ([5.1, 3.5, 1.4, 0.2], 0)
        assert rows[-1] == ([5.9, 3.0, 5.1, 1.8], 2)
        assert Counter(target for _, target in rows) == {0: 50, 1: 50, 2: 50}

    def test_the_header_is_refused_with_what_to_do(self) -> None:
        with pytest.raises(ValueError, match=r"iris\.csv, line 1, column 1: 'sepal.*skip=1"):
            read_csv(IRIS)

    @given(rows=tables, end=st.sampled_from(["\n", "\r\n", "\r"]), quote=st.booleans())
    def test_what_was_written_is_read_back(
        self, tmp_path_factory: pytest.TempPathFactory, rows: list[Row], end: str, quote: bool
    ) -> None:
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL
        csv.writer(text, lineterminator=end, quoting=quoting).writerows(
            [*inputs, target] for inputs, target in rows
        )
        plain = write(tmp_path_factory.mktemp("csv") / "rows.csv", text.getvalue())
        assert read_csv(plain) == rows
        assert read_csv(str(plain)) == rows
        packed = write(plain.with_suffix(".csv.gz"), gzip.compress(plain.read_bytes()))
        assert read_csv(packed) == rows

    def test_any_file_named_gz_is_unpacked(self, tmp_path: Path) -> None:
        packed = write(tmp_path / "rows.gz", gzip.compress(b"1,2\n"))
        assert read_csv(packed) == [([1.0], 2)]

    @pytest.mark.parametrize(
        ("content", "rows"),
        [
            (b"1,2\n3,4", [([1.0], 2), ([3.0], 4)]),
            (b"\xef\xbb\xbf1,2\r\n3,4\r\n", [([1.0], 2), ([3.0], 4)]),
            (b"\n1,2\n\n\n3,4\n\n", [([1.0], 2), ([3.0], 4)]),
            (b'"1"," 2 "\n', [([1.0], 2)]),
            (b"1e-3,2.0\n-0.5,+3\n", [([0.001], 2), ([-0.5], 3)]),
        ],
    )
    def test_marks_blanks_and_quotes(self, tmp_path: Path, content: bytes, rows: list[Row]) -> None:
        assert read_csv(write(tmp_path / "a.csv", content)) == rows

    def test_target_delimiter_and_classes(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "what;x;y\nowl;1;2\n cat ;3;4\n")
        for target in (0, -3):
            rows = read_csv(path, skip=1, target=target, delimiter=";", classes=["cat", "owl"])
            assert rows == [([1.0, 2.0], 1), ([3.0, 4.0], 0)]

    def test_a_target_of_numbers(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "x,price\n1,2.5\n3,-4\n")
        assert read_csv(path, skip=1, target=float) == [([1.0], 2.5), ([3.0], -4.0)]
        assert [type(t) for _, t in read_csv(path, skip=1, target=float)] == [float, float]
        assert Standardiser([([1.0], 2.5)])([([3.0], 2.5)]) == [([2.0], 2.5)]
        with pytest.raises(ValueError, match=r"line 1, column 1: 'x' is not a finite .*skip=1"):
            read_csv(path, target=float)
        with pytest.raises(ValueError, match=r"line 2, column 2: '2\.5' is not a whole") as caught:
            read_csv(path, skip=1)
        assert "pass classes=float" in str(caught.value)
        assert "skip" not in str(caught.value)
        write(path, "1,2.5\n3,high\n")
        with pytest.raises(ValueError, match=r"line 2, column 2: 'high' is not a finite number; c"):
            read_csv(path, target=float)
        with pytest.raises(ValueError, match="target=float is for numbers, and classes"):
            read_csv(path, target=float, classes=["high"])  # type: ignore[call-overload]

    @pytest.mark.parametrize(
        ("content", "place", "value", "remedy"),
        [
            ("1,2,0\n1,x,0\n", "line 2, column 2", "'x'", "correct the cell"),
            ("1,2,0\n1,,0\n", "line 2, column 2", "''", "correct the cell"),
            ("1,2,0\n1,nan,0\n", "line 2, column 2", "'nan'", "correct the cell"),
            ("1,2,0\n1,-inf,0\n", "line 2, column 2", "'-inf'", "correct the cell"),
            ("1,2,0\n1,1e999,0\n", "line 2, column 2", "'1e999'", "correct the cell"),
            ("1,2,0\n1,2_0,0\n", "line 2, column 2", "'2_0'", "correct the cell"),
            (
                "1,2,0\n\n1,2,0.5\n",
                "line 3, column 3",
                "'0.5'",
                "correct the cell, or pass classes=float",
            ),
            ("1,2,0\n1,2,nan\n", "line 2, column 3", "'nan'", "classes="),
            ("1,2,0\n1,2,owl\n", "line 2, column 3", "'owl'", "classes="),
            ("a,b,c\n1,2,0\n", "line 1, column 1", "'a'", "skip=1"),
            ("\na,b,c\n1,2,0\n", "line 2, column 1", "'a'", "skip=2"),
            ("1,2,0\n1,2\n", "line 2, column 3", "'1,2'", "add what is missing"),
            ("1,2,0\n1,2,3,4\n", "line 2, column 4", "'1,2,3,4'", "remove the extra cells"),
            ('1,2,0\n"3\n4",2,0\n', "line 2, column 1", r"'3\n4'", "correct the cell"),
            ('1,2,0\n"3\n",2,0\n1,?,0\n', "line 4, column 2", "'?'", "correct the cell"),
            ('1,2,0\n1,"2,0\n', "line 2", "end of data", "correct the file"),
            ("1\n2\n", "line 1, column 1", "target = -1", "delimiter"),
            ("1;2;0\n", "line 1, column 1", "target = -1", "delimiter"),
            ("", "line 1", "no rows", "check the file"),
            ("\n\n", "line 1", "no rows", "check the file"),
            (b"1,2,0\n1,\xe9,0\n", "line 2, column 2", r"'\udce9'", "correct the cell"),
        ],
    )
    def test_faults_name_file_line_column_value_and_remedy(
        self, tmp_path: Path, content: str | bytes, place: str, value: str, remedy: str
    ) -> None:
        path = write(tmp_path / "faulty.csv", content)
        with pytest.raises(ValueError, match="faulty") as caught:
            read_csv(path)
        message = str(caught.value)
        assert message.startswith(f"{path}, {place}: ")
        assert value in message
        assert remedy in message

    def test_skipped_lines_count(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", 'a "remark\nx,y\n1,2\n3,?\n')
        with pytest.raises(ValueError, match=r"line 4, column 2: '\?'"):
            read_csv(path, skip=2)
        with pytest.raises(ValueError, match="line 10: no rows"):
            read_csv(path, skip=9)
        with pytest.raises(ValueError, match="skip = -1"):
            read_csv(path, skip=-1)

    def test_an_unknown_class_and_a_target_outside_are_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "1,owl\n2,cow\n")
        with pytest.raises(ValueError, match=r"line 2, column 2: 'cow' .*\['cat', 'owl'\]"):
            read_csv(path, classes=["cat", "owl"])
        for target in (2, -3):
            with pytest.raises(ValueError, match=f"target = {target}"):
                read_csv(path, target=target, classes=["cat", "owl"])

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="missing"):
            read_csv(tmp_path / "missing.csv")
        with pytest.raises(OSError, match=tmp_path.name):
            read_csv(tmp_path)
        for content in (b"1,2\n", gzip.compress(b"1,2\n" * 99)[:-9]):
            with pytest.raises(ValueError, match=r"a\.csv\.gz, line \d+: .*correct the file"):
                read_csv(write(tmp_path / "a.csv.gz", content))


class TestStandardiser:
    @given(rows=tables)
    def test_fitted_rows_get_mean_0_and_deviation_1(self, rows: list[Row]) -> None:
        scale = Standardiser(rows)
        scaled = scale(rows)
        assert [target for _, target in scaled] == [target for _, target in rows]
        for j in range(len(rows[0][0])):
            before = [inputs[j] for inputs, _ in rows]
            after = [inputs[j] for inputs, _ in scaled]
            if min(before) == max(before):
                assert after == [0.0] * len(rows)
                continue
            assert all(map(math.isfinite, after))
            # The rounding of the mean is magnified where the numbers lie close together.
            fuzz = 1e-12 + 4e-16 * max(map(abs, before)) / scale.deviations[j]
            if scale.deviations[j] > 1e-300:
                assert abs(math.fsum(after)) / len(after) <= fuzz
                assert math.hypot(*after) / math.sqrt(len(after)) == pytest.approx(1, abs=fuzz)

    def test_other_rows_are_scaled_by_the_fitted_ones(self) -> None:
        scale = Standardiser([([0.0, 5.0], 0), ([4.0, 5.0], 1)])
        assert scale.means == [2.0, 5.0]
        assert scale.deviations == [2.0, 1.0]
        assert scale([([8.0, 7.5], 3)]) == [([3.0, 2.5], 3)]
        assert repr(scale) == "Standardiser(means=[2.0, 5.0], deviations=[2.0, 1.0])"

    def test_a_constant_column_whose_sum_rounds_is_shifted_only(self) -> None:
        assert math.fsum([0.1] * 3) / 3 != 0.1
        rows = [([0.1], 0)] * 3
        assert Standardiser(rows).deviations == [1.0]
        assert Standardiser(rows)(rows) == [([0.0], 0)] * 3

    def test_the_given_rows_stay_as_they_are(self) -> None:
        rows: list[Row] = [([1.0], 0), ([2.0], 1)]
        Standardiser(rows)(rows)
        assert rows == [([1.0], 0), ([2.0], 1)]

    def test_bad_rows_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no rows"):
            Standardiser([])
        with pytest.raises(ValueError, match="row 1 has 2 inputs; the rows fitted had 1"):
            Standardiser([([1.0], 0), ([1.0, 2.0], 0)])
        for bad in (math.nan, math.inf, -math.inf):
            with pytest.raises(ValueError, match=f"row 1, input 0: {bad} is not finite"):
                Standardiser([([1.0], 0), ([bad], 0)])
            with pytest.raises(ValueError, match=f"row 0, input 0: {bad} is not finite"):
                Standardiser([([1.0], 0)])([([bad], 0)])


class TestSplitAndBatches:
    @given(n=st.integers(2, 60), fraction=st.floats(0.001, 0.999), seed=st.integers())
    def test_a_split_parts_the_rows(self, n: int, fraction: float, seed: int) -> None:
        rows = list(range(n))
        train, held_out = split(rows, fraction, seed)
        assert sorted(train + held_out) == rows == list(range(n))
        assert min(len(train), len(held_out)) >= 1
        assert len(held_out) == round(fraction * n) or len(held_out) in (1, n - 1)
        assert (train, held_out) == split(rows, fraction, random.Random(seed))

    def test_a_split_shuffles(self) -> None:
        train, held_out = split(range(100), 0.25, 1)
        assert len(held_out) == 25
        assert train != sorted(train)
        assert held_out != sorted(held_out)
        assert held_out != split(range(100), 0.25, 2)[1]

    @given(n=st.integers(0, 60), size=st.integers(1, 70), seed=st.none() | st.integers())
    def test_an_epoch_holds_every_row_once(self, n: int, size: int, seed: int | None) -> None:
        parts = batches(range(n), size, seed)
        rows = [row for part in parts for row in part]
        assert sorted(rows) == list(range(n))
        assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
        assert all(1 <= len(part) <= size for part in parts)
        assert seed is not None or rows == list(range(n))
        assert parts == batches(range(n), size, None if seed is None else random.Random(seed))

    def test_epochs_of_one_generator_differ(self) -> None:
        rng = random.Random(1)
        assert batches(range(50), 5, rng) != batches(range(50), 5, rng)

    def test_bad_numbers_are_refused(self) -> None:
        for fraction in (0.0, 1.0, -0.1, 1.5, math.nan):
            with pytest.raises(ValueError, match=f"fraction = {fraction}"):
                split([1, 2, 3], fraction)
        for rows in ([], [1]):
            with pytest.raises(ValueError, match=f"{len(rows)} rows cannot be split"):
                split(rows)
        for size in (0, -1):
            with pytest.raises(ValueError, match=f"size = {size}"):
                batches([1, 2], size)


def test_a_header_that_is_not_in_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("größe,class\n1,0\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"pass skip=1 if .*, and save the file as UTF-8$"):
        read_csv(path)
    assert read_csv(path, skip=1) == [([1.0], 0)]


class TestColumnsByName:
    TEXT = "price,area,kind\n2.5,10,flat\n3.5,20,house\n"

    def test_a_target_is_found_in_the_header(self, tmp_path: Path) -> None:
        path = write(tmp_path / "homes.csv", self.TEXT)
        rows = read_csv(path, target="kind", classes=["flat", "house"])
        assert rows == [([2.5, 10.0], 0), ([3.5, 20.0], 1)]
        write(path, "# from a shop\nprice,area\n2.5,10\n3.5,20\n")
        prices = read_csv(path, skip=1, target="price", classes=float)
        assert prices == [([10.0], 2.5), ([20.0], 3.5)]

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("a,b", r"line 1: 0 columns are named 'kind' in the header \['a', 'b'\]; check target"),
            ("kind,kind", r"line 1: 2 columns are named 'kind' in the header"),
            ("", r"line 1: 0 columns are named 'kind' in the header \[\]"),
        ],
    )
    def test_another_header_is_told(self, tmp_path: Path, header: str, message: str) -> None:
        path = write(tmp_path / "a.csv", f"{header}\n1,2\n" if header else "")
        with pytest.raises(ValueError, match=message):
            read_csv(path, target="kind")

    def test_rows_of_another_width_than_their_header_are_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "r.csv", "x,y,kind\n1,0.5,2,0\n2,0.25,3,1\n")  # R names rows
        with pytest.raises(ValueError, match=r"line 2, column 4: this row has 4 cells, line 1 has"):
            read_csv(path, target="kind")
        write(path, "x,kind,more\n1,0\n")
        with pytest.raises(ValueError, match=r"line 2, column 3: this row has 2 cells, line 1 has"):
            read_csv(path, target="kind")

    def test_a_bad_first_row_is_not_taken_for_a_header(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "x,kind\n?,1\n2,0\n")
        with pytest.raises(ValueError, match=r"line 2, column 1: '\?' .*; correct the cell$"):
            read_csv(path, target="kind")
