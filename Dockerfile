# Base images are arguments for those who keep their own copies.
ARG BUILD_IMAGE=rust:1.95.0-slim-bookworm
ARG RUNTIME_IMAGE=debian:12.11-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package stockroom-server

FROM ${RUNTIME_IMAGE}
# For a database whose certificate a public authority has signed.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/release/stockroom /usr/local/bin/
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/stockroom
# A number, so that Kubernetes can see that it isn't root.
USER 10001:10001
ENV STOCKROOM_DATA_FOLDER=/var/lib/stockroom \
    STOCKROOM_LISTEN=0.0.0.0:8080 \
    STOCKROOM_METRICS_LISTEN=0.0.0.0:9464
VOLUME /var/lib/stockroom
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s CMD ["stockroom", "health"]
ENTRYPOINT ["stockroom"]
CMD ["serve"]
