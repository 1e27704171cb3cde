from fractions import Fraction

from kcarol.score.arrangement.places import divided


def test_onsets_are_moved_to_sixteenths_or_triplets():
    assert divided((0.02, 0.49, 0.76), False, False) == (0, Fraction(1, 2), Fraction(3, 4))
    assert divided((0.0, 0.34, 0.66), False, False) == (0, Fraction(1, 3), Fraction(2, 3))


def test_no_two_onsets_share_a_place():
    assert divided((0.0, 0.05), False, False) == (0, Fraction(1, 4))
    assert divided((0.03,), True, False) == (Fraction(1, 4),)
    assert len(set(divided((0.0, 0.02, 0.04, 0.06, 0.08, 0.1), False, False))) == 6


def test_compound_beats_are_divided_into_sixths():
    assert divided((0.0, 0.31, 0.5), False, True) == (0, Fraction(1, 3), Fraction(1, 2))
