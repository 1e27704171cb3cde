"""The endings of the names of sound files."""

# of the files that are looked for in folders: all that `ffmpeg.CONTAINERS` are known by
AUDIO_SUFFIXES = tuple(
    ".wav .mp3 .flac .ogg .opus .m4a .aac .wma "
    ".3g2 .3gp .3gpp .8svx .aa3 .ac3 .adts .afc .aif .aifc .aiff .amr .ape .asf .au .avi .avr .awb "
    ".bwf .caf .dff .dsf .dts .eac3 .ec3 .f4a .f4v .flv .gsm .iff .ircam .latm .loas .m2ts .m4b "
    ".m4r .m4v .mj2 .mka .mkv .mov .mp+ .mp1 .mp2 .mp4 .mpa .mpc .mpeg .mpg .mpp .mts .nist .oga "
    ".ogv .ogx .oma .qt .ra .rm .rmvb .sf .shn .snd .sox .spdif .sph .spx .svx .tak .ts .tta .voc "
    ".vob .w64 .wave .weba .webm .wmv .wv".split()
)
