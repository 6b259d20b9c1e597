# acra in a container: the compiled program on a base image that has glibc and no shell.
#
#   docker build --tag acra:0.82.0 .
#   docker run --rm acra:0.82.0 help
#
# It runs as user 65532, writes nowhere but into its key folder (run it with --read-only), and needs no
# init: its only child processes are poison scripts, which it reaps.

FROM oven/bun:1.4.5 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production --ignore-scripts
COPY src src
COPY scripts/build.ts scripts/build.ts
COPY scripts/run_script.ts scripts/run_script.ts
# The commit that stands in the version; outside of a clone there is none.
ARG ACRA_COMMIT=""
RUN ACRA_COMMIT="$ACRA_COMMIT" bun scripts/build.ts --outfile=/build/dist/acra

FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /build/dist/acra /usr/local/bin/acra
COPY LICENSE /usr/share/doc/acra/LICENSE
USER 65532:65532
WORKDIR /
# 9393 server, 9494 connector; 9090 and 9191 the HTTP API of each, 9399 metrics: where settings ask for them.
EXPOSE 9393 9494 9090 9191 9399
ENTRYPOINT ["/usr/local/bin/acra"]
CMD ["help"]
# Needs --prometheus_metrics_address=tcp://127.0.0.1:9399/ or tcp://0.0.0.0:9399/ among the settings.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["/usr/local/bin/acra", "ready"]
