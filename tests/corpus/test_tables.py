"""Tables that a musician can read and edit."""

from importlib import resources

from kcarol.corpus.tables import LazyTable, floats, integers, read_table, rows, shares


def test_a_lazy_table_is_read_once_when_it_is_first_used():
    reads = []

    def read():
        reads.append(1)
        return {"a": 1, "b": 2}

    table = LazyTable(read)
    assert not reads
    assert list(table) == ["a", "b"] and table["b"] == 2 and len(table) == 2 and "c" not in table
    assert len(reads) == 1


def test_values_of_several_kinds_are_read():
    assert integers("38 39") == (38, 39) and floats("1 .2") == (1.0, 0.2)
    assert shares("pad .6, riff .5") == {"pad": 0.6, "riff": 0.5}
    assert rows("\n  first row\n\n  second row\n") == ["first row", "second row"]


def test_every_table_of_the_corpus_is_packaged_and_readable():
    folders = [f for f in resources.files("kcarol.corpus").iterdir() if f.is_dir()]
    tables = [(f.name, t.name) for f in folders for t in f.iterdir() if t.name.endswith(".ini")]
    assert len(tables) >= 8
    assert all(read_table(*table).sections() for table in tables)
