# syntax=docker/dockerfile:1

# The server alone: bundles are made elsewhere and mounted, or copied in.
#
#   docker build -t sitekit .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -p 80:8080 -v "$PWD/build:/srv/build:ro" sitekit

FROM rust:1.95-slim-bookworm AS build
# aws-lc, the cryptography under TLS, is C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --no-default-features -p sitekit \
    && install -D target/dist/sitekit /out/sitekit

FROM debian:bookworm-slim
COPY --from=build /out/sitekit /usr/local/bin/sitekit
# Not root, and nothing in the image is its own.
USER 65532:65532
WORKDIR /srv
# Bundles. The socket `sitekit stats` asks is put there too, unless it is read-only; then operators ask the admin address.
VOLUME /srv/build
ENV SITEKIT_PROD=true \
    SITEKIT_ADDR=0.0.0.0:8080 \
    SITEKIT_ADMIN_ADDR=127.0.0.1:9090 \
    SITEKIT_LOG_FORMAT=json
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["sitekit", "stats", "--health", "--addr", "127.0.0.1:9090"]
ENTRYPOINT ["sitekit"]
CMD ["serve"]
