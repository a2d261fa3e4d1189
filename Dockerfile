# syntax=docker/dockerfile:1
# Two stages: what is needed to build stays behind.  The server runs as an unprivileged user and writes below
# /var/lib/chancery and /tmp only, so that the root file system can be read-only.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/chancery
RUN python -m venv .venv
COPY requirements.txt ./
RUN .venv/bin/pip install --quiet --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY conformance conformance
COPY protocols protocols
COPY plugins plugins
COPY agent agent
RUN .venv/bin/pip install --quiet --no-deps --no-build-isolation --editable . && \
    .venv/bin/python -m compileall -q agent conformance migrations plugins protocols

FROM python:${PYTHON}-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/chancery --create-home chancery
COPY --from=build /opt/chancery /opt/chancery
ENV PATH=/opt/chancery/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CHANCERY_HOME=/var/lib/chancery \
    CHANCERY_HOST=0.0.0.0
WORKDIR /var/lib/chancery
USER 10001
VOLUME /var/lib/chancery
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('CHANCERY_PORT', '8000') + '/health/ready', timeout=2)"]
ENTRYPOINT ["chancery"]
CMD ["serve"]
