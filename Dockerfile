# JupyterLab with the notebooks, on the CPU:
#   docker build -t kcarol . && docker run --rm -p 8888:8888 kcarol      (open the last address that it prints)
# A carol of a song in this folder:
#   docker run --rm --user "$(id -u)" -v "$PWD:/songs" -w /songs kcarol kcarol convert song.mp3
FROM python:3.12-slim

# caches that any user may write, --user too
ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba

# first, since it changes least; these wheels are without CUDA, which is 4 GB
RUN pip install "torch==2.11.0" "torchaudio==2.11.0" --index-url https://download.pytorch.org/whl/cpu

RUN useradd --create-home singer
WORKDIR /home/singer/kcarol
COPY --chown=singer . .
RUN pip install -e ".[notebooks]"

USER singer
EXPOSE 8888
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8888/api')"]
CMD ["jupyter", "lab", "notebooks", "--ip=0.0.0.0", "--no-browser"]
