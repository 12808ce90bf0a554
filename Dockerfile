# The emulator as an image:
#
#   docker build --tag oss-emulator .
#   docker run --rm --publish 127.0.0.1:9000:9000 oss-emulator
#
# For both architectures (all dependencies have wheels for both):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag oss-emulator .
#
# Any base with Python 3.11 or newer and its venv module works, such as your own Debian image:
#
#   buildah build --format docker --build-arg BASE=localhost/debian-python --tag oss-emulator .
#
# The OCI format, the default of buildah and podman, has no health check.

ARG BASE=python

# A separate FROM, because Dependabot does not read the defaults of arguments.
FROM python:3.13-slim AS python

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
RUN python3 -m venv /opt/oss-emulator \
 && /opt/oss-emulator/bin/pip install --no-cache-dir '.[fast,image]' \
 && /opt/oss-emulator/bin/pip uninstall --yes pip

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin emulator \
 && install --directory --owner emulator --group emulator /data \
 && if command -v pip; then pip uninstall --yes --root-user-action ignore pip; fi
COPY --from=build /opt/oss-emulator /opt/oss-emulator

# Listen on all addresses of the container; the published port decides who can connect.
ENV PATH=/opt/oss-emulator/bin:$PATH \
    OSS_EMULATOR_HOST=0.0.0.0 \
    OSS_EMULATOR_PORT=9000 \
    OSS_EMULATOR_DATA=/data \
    OSS_EMULATOR_DEMO=on

USER emulator
# Buckets and objects are stored here: without a volume, they are lost with the container.
WORKDIR /data
EXPOSE 9000

# The empty ProxyHandler makes the request ignore a proxy in the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['OSS_EMULATOR_PORT'] + '/_emulator/health', timeout=4)"]

LABEL org.opencontainers.image.title="oss-emulator" \
      org.opencontainers.image.description="A local OSS that enforces hotlink protection" \
      org.opencontainers.image.source="https://github.com/oss-emulator/oss-emulator" \
      org.opencontainers.image.licenses="Apache-2.0"

ENTRYPOINT ["oss-emulator"]
CMD ["serve"]
