# Passerby in a container: nobody but a plain user, and no network once it is built.
#   docker build -t passerby .
#   docker run --rm --network none --read-only --tmpfs /tmp -v "$PWD":/work passerby redact clip.mp4
# -u "$(id -u):$(id -g)" lets outputs belong to you.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/passerby
COPY requirements.lock ./
RUN /opt/passerby/bin/python -m pip install --no-deps --only-binary=:all: --require-hashes -r requirements.lock
# The build fetches the detectors' weights by hash: the only step that needs more than the lock.
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE ./
COPY tools ./tools
COPY src ./src
RUN /opt/passerby/bin/python -m pip install --no-deps .

FROM python:3.13-slim
COPY --from=build /opt/passerby /opt/passerby
ENV PATH=/opt/passerby/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1
RUN ["passerby", "doctor"]
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["passerby"]
CMD ["--help"]
