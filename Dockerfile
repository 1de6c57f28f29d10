# One image for every part: `postern api`, `postern certificates`, `postern edge`, `postern demo`.
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/postern
COPY package.json package-lock.json .npmrc ./
COPY packages packages
COPY apps apps
RUN npm install --omit=dev --no-save --loglevel=error

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Postern" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /opt/postern
COPY --from=packages /opt/postern ./
COPY LICENSE ./
RUN ln -s /opt/postern/apps/cli/bin/postern.js /usr/local/bin/postern \
  && install -d -o node -g node -m 0700 /var/lib/postern /run/postern
ENV NODE_ENV=production POSTERN_DATA_DIR=/var/lib/postern POSTERN_CONFIG=/var/lib/postern/config.yaml \
  NODE_COMPILE_CACHE=/tmp/node-compile-cache
USER node
VOLUME ["/var/lib/postern", "/run/postern"]
EXPOSE 8443 8080 8700 8701
STOPSIGNAL SIGTERM
ENTRYPOINT ["postern"]
CMD ["up"]
