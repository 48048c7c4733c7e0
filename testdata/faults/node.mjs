// A service with one known fault, as main.go's: node node.mjs FAULT PORT. GET /metrics tells what prom-client tells.
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

// places lets so many in at once; the others wait.
function places(n) {
  const waiting = [];
  return {
    async enter() {
      if (n > 0) n--;
      else await new Promise((go) => waiting.push(go));
    },
    leave() {
      const go = waiting.shift();
      if (go) go();
      else n++;
    },
  };
}

async function within(door, work) {
  await door.enter();
  try {
    await work();
  } finally {
    door.leave();
  }
}

function millisecond() {
  let x = 1;
  for (let i = 0; i < 1_000_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
  return x;
}

const one = places(1);
const eight = places(8);
const faults = {
  cpu: async () => millisecond(),
  lock: () => within(one, () => sleep(2)),
  pool: () => within(eight, () => sleep(20)),
};

const [, , fault, port] = process.argv;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

function metrics() {
  const used = process.cpuUsage();
  const lines = [
    `process_cpu_seconds_total ${(used.user + used.system) / 1e6}`,
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    `nodejs_eventloop_lag_p99_seconds ${delay.percentile(99) / 1e9}`,
  ];
  delay.reset();
  return lines.join("\n") + "\n";
}

createServer(async (request, response) => {
  if (request.url === "/metrics") return response.end(metrics());
  if (request.url !== "/ready") await faults[fault]();
  response.end("ok");
}).listen(Number(port), "127.0.0.1");
