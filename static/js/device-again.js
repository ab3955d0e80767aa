// Goes on telling a browser that was told before its owner signed out, once they are signed in
// again; asks nobody anything. Once in each tab for each sign-in, for a tab or an installed app
// outlives them, and only where notifications are allowed.
(async () => {
  "use strict";
  const isAllowed = "Notification" in window && Notification.permission === "granted";
  const { root, signIn } = document.documentElement.dataset;
  const key = `device-again ${root}`; // other servers may stand at other paths of this origin
  if (!isAllowed || !signIn || !navigator.serviceWorker) return;
  if (sessionStorage.getItem(key) === signIn) return;
  sessionStorage.setItem(key, signIn);
  const address = `${root}/account/device`;
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) return;
  const { token, rests, worker, scope, key: serverKey } = await answer.json();
  let registration = await navigator.serviceWorker.getRegistration(scope);
  let subscription = await registration?.pushManager.getSubscription();
  const before = subscription?.endpoint ?? "";
  if (!subscription) {
    // signing out may have cleared what the browser kept
    if (!rests) return;
    registration = await navigator.serviceWorker.register(worker, { scope });
    const { pushManager } = await navigator.serviceWorker.ready;
    const text = atob(serverKey.replaceAll("-", "+").replaceAll("_", "/"));
    const applicationServerKey = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }
  const { endpoint, keys } = subscription.toJSON();
  const body = new URLSearchParams({ before, endpoint, p256dh: keys.p256dh, auth: keys.auth });
  await fetch(address, { method: "POST", headers: { "X-CSRFToken": token }, body });
})().catch(() => {}); // the button on the page of notifications says what is wrong
