from kcarol.model.instruments import INSTRUMENTS, NUMBERS
from kcarol.score.arrangement.lines import Line, WrittenNote
from kcarol.score.arrangement.players import PLAYERS
from kcarol.score.arrangement.playing import playing_of


def line(instrument, *notes, is_detached=False):
    return Line(INSTRUMENTS[NUMBERS[instrument]], is_detached, notes)


def note(letter, pitch=60, start=0, end=48):
    return WrittenNote(start, end, pitch, 80, letter)


def test_every_instrument_has_a_player_for_every_voice():
    for instrument in INSTRUMENTS:
        for letter in "srkuoatbcdex":
            for is_detached in (False, True):
                some = line(instrument.name, note(letter), is_detached=is_detached)
                assert len(playing_of([some], ())) == 1


def test_the_tune_comes_first():
    tune = [note("s", start=48 * i, end=48 * i + 48) for i in range(4)]
    players = playing_of([line("flute", note("e")), line("violin", *tune)], ())
    assert [one.player.name for one in players] == ["Violin", "Flute"]


def test_a_key_is_struck_once():
    (piano,) = playing_of([line("piano", note("r"), note("a"), note("b", 36))], ())
    assert sorted(n.pitch for n in piano.notes) == [36, 60]


def test_a_held_key_is_let_go_when_it_is_struck_again():
    (organ,) = playing_of([line("organ", note("a", end=192), note("s", start=96, end=192))], ())
    assert sorted((n.start, n.end) for n in organ.notes) == [(0, 96), (96, 192)]


def test_a_choir_voice_sings_anew_with_one_that_takes_up_its_pitch():
    (choir,) = playing_of([line("choir", note("a", end=192), note("s", start=72, end=96))], ())
    ((soprano, alto),) = choir.staves
    assert [(n.start, n.end) for n in soprano] == [(72, 96)]
    assert [(n.start, n.end) for n in alto] == [(0, 72), (72, 192)]


def test_names_are_told_apart():
    assert len({player.name for player in PLAYERS}) == len(PLAYERS)
