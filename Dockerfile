# discfg alone: no shell, no package manager, no other user's files. The context is this repository after `just dist` or
# `just image`; the latter writes the same image as an OCI layout, without a container engine.
FROM scratch
ARG TARGETARCH
COPY target/image/root-${TARGETARCH}/ /
COPY --chown=65532:65532 target/image/home/ /
LABEL org.opencontainers.image.title="discfg"
LABEL org.opencontainers.image.description="Shared application configuration on AWS with nothing to host"
LABEL org.opencontainers.image.source="https://github.com/discfg/discfg"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV HOME=/data
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /data
EXPOSE 8899
ENTRYPOINT ["/usr/bin/discfg"]
CMD ["serve"]
HEALTHCHECK --interval=30s --timeout=12s --start-period=10s CMD ["/usr/bin/discfg", "doctor", "-f", "silent", "--engine", "http://127.0.0.1:8899"]
