# What the image is built from:
#
#   rust:1.95-trixie                      Rust, a C compiler and Python on Debian 13; none of it is
#                                         shipped
#   gcr.io/distroless/cc-debian13:nonroot glibc, libgcc and CA certificates; no shell, no package
#                                         manager
#
# Both are Debian 13, so the glibc that the binary was linked to is the one it runs on. They are
# pinned by tag. For a release, pin them by digest as well (name:tag@sha256:…): it is what
# `docker buildx imagetools inspect NAME:TAG` prints.
#
#   docker build -t egret:0.1.0 --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" .
#   docker run --read-only --cap-drop ALL -p 8080:8080 -v egret-ledger:/var/lib/egret \
#     -v "$PWD/conf:/etc/egret:ro" -e OPENAI_API_KEY … egret:0.1.0
#
# Mount the directory of egret.yaml, not the file: a file mounted alone is never seen to change.

FROM rust:1.95-trixie AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY providers providers
COPY src src
COPY conf/release conf/release
# When the commit was made, which Git would say: it is not here. Without it the bill of materials
# says 1970.
ARG SOURCE_DATE_EPOCH
# As whatever is released, so that the binary in the image can be compared with it (RELEASING.md).
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    conf/release/build /out \
    && install -d /state

FROM gcr.io/distroless/cc-debian13:nonroot AS egret
LABEL org.opencontainers.image.title="Egret" \
      org.opencontainers.image.description="The egress gateway for AI traffic" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY LICENSE /LICENSE
COPY --from=build /out/egret /egret
# Its bill of materials, where scanners of images look for one: by the end of its name.
COPY --from=build /out/egret.cdx.json /usr/share/doc/egret/egret.cdx.json
# The ledger is all that Egret ever writes: with a volume here the root filesystem can be read-only.
COPY --from=build --chown=65532:65532 /state /var/lib/egret
ENV STATE_DIRECTORY=/var/lib/egret
VOLUME ["/var/lib/egret"]
# A number, because Kubernetes' runAsNonRoot cannot look up a name. It is distroless' `nonroot`.
USER 65532:65532
# The callers' port. The admin port is on loopback unless the configuration says otherwise.
EXPOSE 8080
ENTRYPOINT ["/egret"]
CMD ["run", "--config", "/etc/egret/egret.yaml"]
