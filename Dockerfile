# What the image is built from:
#
#   rust:1.95-trixie                      Rust and a C compiler on Debian 13; none of it is shipped
#   gcr.io/distroless/cc-debian13:nonroot glibc, libgcc and CA certificates; no shell, no package
#                                         manager
#
# Both are Debian 13, so the glibc that the binary was linked to is the one it runs on. They are
# pinned by tag. For a release, pin them by digest as well (name:tag@sha256:…): it is what
# `docker buildx imagetools inspect NAME:TAG` prints.
#
#   docker build -t egret:0.1.0 .
#   docker run --read-only --cap-drop ALL -p 8080:8080 -v egret-ledger:/var/lib/egret \
#     -v "$PWD/conf:/etc/egret:ro" -e OPENAI_API_KEY … egret:0.1.0
#
# Mount the directory of egret.yaml, not the file: a file mounted alone is never seen to change.

FROM rust:1.95-trixie AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY providers providers
COPY src src
# Function names stay, for the backtrace of a panic; line tables go, for the size of the image.
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin egret \
    && install -D target/release/egret /out/egret \
    && install -d /out/state

FROM gcr.io/distroless/cc-debian13:nonroot AS egret
LABEL org.opencontainers.image.title="Egret" \
      org.opencontainers.image.description="The egress gateway for AI traffic" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY LICENSE /LICENSE
COPY --from=build /out/egret /egret
# The ledger is all that Egret ever writes: with a volume here the root filesystem can be read-only.
COPY --from=build --chown=65532:65532 /out/state /var/lib/egret
ENV STATE_DIRECTORY=/var/lib/egret
VOLUME ["/var/lib/egret"]
# A number, because Kubernetes' runAsNonRoot cannot look up a name. It is distroless' `nonroot`.
USER 65532:65532
# The callers' port. The admin port is on loopback unless the configuration says otherwise.
EXPOSE 8080
ENTRYPOINT ["/egret"]
CMD ["run", "--config", "/etc/egret/egret.yaml"]
