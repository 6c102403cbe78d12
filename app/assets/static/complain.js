// The complaint form: a small puzzle against floods, and the place on tap. The form works without it.
(() => {
  "use strict";

  const form = document.querySelector("form[data-complain]");
  if (!form) return;

  // --- SHA-256 (FIPS 180-4), because crypto.subtle is missing where the page has no certificate ---
  const fraction = (value) => ((value - Math.floor(value)) * 4294967296) | 0;
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const K = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
  const START = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const W = new Int32Array(64);

  function block(state, bytes, at) {
    for (let i = 0; i < 16; i += 1) {
      const p = at + i * 4;
      W[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const a = W[i - 15];
      const b = W[i - 2];
      const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
      const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
      W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0;
      d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) | 0; });
  }

  function firstWord(text) {
    const length = text.length;
    const bytes = new Uint8Array(((length + 72) >> 6) << 6);
    for (let i = 0; i < length; i += 1) bytes[i] = text.charCodeAt(i);
    bytes[length] = 128;
    const bits = length * 8;
    for (let i = 0; i < 4; i += 1) bytes[bytes.length - 1 - i] = bits >>> (8 * i);
    const state = START.slice();
    for (let at = 0; at < bytes.length; at += 64) block(state, bytes, at);
    return state[0] >>> 0;
  }

  // --- the puzzle, in small pieces so that typing never waits ---
  const proof = form.elements.namedItem("proof");
  let pressed = null;
  let waiting = false;
  if (proof && !proof.value) {
    const limit = 2 ** (32 - Number(form.dataset.bits));
    const head = `${form.elements.namedItem("ticket").value}:`;
    let number = 0;
    const piece = () => {
      const until = performance.now() + 20;
      while (performance.now() < until) {
        if (firstWord(head + number) < limit) {
          proof.value = String(number);
          if (waiting) form.requestSubmit(pressed);
          return;
        }
        number += 1;
      }
      setTimeout(piece, 0);
    };
    setTimeout(piece, 0);
    form.addEventListener("submit", (event) => {
      if (proof.value || typeof form.requestSubmit !== "function") return;
      event.preventDefault();
      pressed = event.submitter;
      waiting = true;
    });
  }

  // --- where it is: asked for only when tapped ---
  const locate = form.querySelector("[data-locate]");
  if (locate && navigator.geolocation && window.isSecureContext) {
    const said = form.querySelector("[data-located]");
    locate.hidden = false;
    locate.addEventListener("click", () => {
      said.textContent = "正在定位……";
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          form.elements.namedItem("latitude").value = coords.latitude.toFixed(6);
          form.elements.namedItem("longitude").value = coords.longitude.toFixed(6);
          said.textContent = "已记下现在的位置，随诉求一起提交。";
        },
        () => { said.textContent = "没有定到位置，请用文字写清楚在哪里。"; },
        { timeout: 10000, maximumAge: 60000 },
      );
    });
  }
})();
