// The page of one's notifications: has this browser told of what is pushed to it. Says in which
// state the device is, and hands the browser's subscription to the server by an ordinary form.
(() => {
  "use strict";
  const panel = document.querySelector("[data-device]");
  if (!panel) return;
  const { here, key, mine, scope, worker } = panel.dataset;
  const form = panel.querySelector("form");
  const button = form.querySelector("button");

  // What is missing before a browser can be told anything; "" for nothing.
  function missing() {
    if (!window.isSecureContext) return "insecure";
    const has = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    // iPhones and iPads push to what stands on the home screen, and to nothing else
    if (!has) return navigator.standalone === false ? "install" : "unsupported";
    return Notification.permission === "denied" ? "denied" : "";
  }

  function show(state) {
    for (const part of panel.querySelectorAll("[data-device-state]")) {
      part.hidden = part.dataset.deviceState !== state;
    }
    form.hidden = state !== "off" && state !== "failed";
    panel.dataset.state = state;
  }

  async function isAmong(endpoints, { endpoint }) {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return endpoints.split(" ").includes(hex);
  }

  async function look() {
    const lack = missing();
    if (lack) return show(lack);
    const registration = await navigator.serviceWorker.getRegistration(scope);
    const subscription = await registration?.pushManager.getSubscription();
    return show(subscription && (await isAmong(here, subscription)) ? "on" : "off");
  }

  function bytes(base64url) {
    const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  async function serverKey() {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    const answer = await fetch(key, { method: "POST", headers });
    if (!answer.ok) throw new Error("the server gave no key");
    return bytes((await answer.json()).key);
  }

  // A subscription is the browser's. One that this person has in another workspace is used again;
  // anybody else's ends, who is then told on this device no more.
  async function subscribe() {
    const applicationServerKey = await serverKey();
    await navigator.serviceWorker.register(worker, { scope });
    const { pushManager } = await navigator.serviceWorker.ready;
    const before = await pushManager.getSubscription();
    if (before && (await isAmong(mine, before))) return before;
    await before?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }

  async function turnOn() {
    if ((await Notification.requestPermission()) !== "granted") return look();
    const { endpoint, keys } = (await subscribe()).toJSON();
    const values = { endpoint, p256dh: keys.p256dh, auth: keys.auth };
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    return form.submit();
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await turnOn();
    } catch {
      show("failed"); // the browser's push service is out of reach, or turned off
    }
    button.disabled = false;
  });

  look();
})();
