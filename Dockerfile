# The WebAssembly kernels are built by `npm ci`, then only what runs is kept. The image brings its own Node 26,
# so the platform packages that bring it elsewhere (optional dependencies) are left out.
FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json asconfig.json ./
COPY assembly assembly
RUN npm ci --omit=optional && npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26-slim
# Inside a container every address is the container's own. Set DOORRANK_TOKEN where others reach the published port.
ENV NODE_ENV=production \
    DOORRANK_HOST=0.0.0.0 \
    DOORRANK_STORE=/var/lib/doorrank/store \
    DOORRANK_DATA=/var/lib/doorrank/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/build build
COPY package.json ./
COPY src src
COPY data data
RUN mkdir -p /var/lib/doorrank/store /var/lib/doorrank/data && chown -R node:node /var/lib/doorrank
USER node
VOLUME /var/lib/doorrank
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/cli/doorrank.js"]
CMD ["serve"]
