"""MIDI files of other programs, for tests of those who read them."""

from mido import Message, MetaMessage, MidiFile, MidiTrack

TUNE = (60, 62, 64, 65, 67, 65, 62, 60)  # C major, a quarter each


def notes(pitches, channel=0, length=480, program=0, velocity=80):
    """Messages of pitches one after the other; a tuple of them sounds together, None rests."""
    messages = [Message("program_change", channel=channel, program=program)]
    rest = 0
    for pitch in pitches:
        if pitch is None:
            rest += length
            continue
        chord = pitch if isinstance(pitch, tuple) else (pitch,)
        for i, key in enumerate(chord):
            time = 0 if i else rest
            messages.append(
                Message("note_on", channel=channel, note=key, velocity=velocity, time=time)
            )
        for i, key in enumerate(chord):
            time = 0 if i else length
            messages.append(Message("note_off", channel=channel, note=key, time=time))
        rest = 0
    return messages


def track(name, messages, *meta):
    """Meta messages are (kind, values); they come first."""
    first = [MetaMessage("track_name", name=name)]
    first += [MetaMessage(kind, **values) for kind, values in meta]
    return MidiTrack([*first, *messages])


def save(path, *tracks, kind=1, ticks=480):
    file = MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(tracks)
    file.save(path)
    return path


def played(sheet):
    """Start and length in beats, and pitch, of a sheet's notes."""
    return [(round(n.start, 3), round(n.length, 3), n.pitch) for n in sheet.notes]


QUARTERS = [(float(beat), 1.0, pitch) for beat, pitch in enumerate(TUNE)]
