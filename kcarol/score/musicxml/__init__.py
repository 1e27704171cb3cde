"""Lead sheets as MusicXML 4.0: https://www.w3.org/2021/06/musicxml40."""
