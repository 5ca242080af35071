# The orchestrator as an image: no shell, no root, and nothing is written. After `npm run build`:
#   docker build --platform linux/amd64 --tag registry.example/autopilot:0.1.0 .
FROM gcr.io/distroless/cc-debian12:nonroot
ARG TARGETARCH=amd64
COPY --chmod=0755 dist/autopilot-linux-${TARGETARCH} /usr/local/bin/autopilot
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/autopilot"]
CMD ["controller"]
