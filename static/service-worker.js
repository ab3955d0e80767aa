// Shows what is pushed to this device, and opens the page of what is clicked. It decides nothing,
// and answers no request: what pages show comes from the server every time.
"use strict";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    // nothing that we sent; browsers still want something shown
  }
  event.waitUntil(show(told));
});

self.addEventListener("notificationclick", (event) => {
  const { url, urls } = event.notification.data ?? {};
  event.notification.close();
  event.waitUntil(open(event.action ? urls?.[event.action] : url));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event).catch(askForIt));
});

// The browser has made its subscription anew, or has to: whoever is told on this device goes on
// being told. It is the only thing that is sent from here.
async function renew({ oldSubscription: before, newSubscription }) {
  const now = newSubscription ?? (await registration.pushManager.subscribe(before.options));
  const { endpoint, keys } = now.toJSON();
  const address = new URL("account/device", registration.scope);
  const { token } = await (await fetch(address)).json();
  const body = new URLSearchParams({ before: before.endpoint, endpoint, p256dh: keys.p256dh, auth: keys.auth });
  const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": token }, body });
  if (!answer.ok) throw new Error("it was not taken");
}

// Where nobody is signed in any more, or the browser does not say what it had before.
function askForIt() {
  const body = "This browser has made its connection anew. Open Notifications and turn this device on again.";
  return registration.showNotification("Notifications have stopped", { body, icon: "static/img/icon-192.png" });
}

async function show({ title = "OpenSink", body = "", tag = "", url = "", buttons = [], sender_id: id, is_withdrawal: isWithdrawal }) {
  const before = tag ? await registration.getNotifications({ tag }) : [];
  const isCopy = before.some(({ data }) => data?.id === id);
  await registration.showNotification(title, {
    body,
    tag,
    icon: "static/img/icon-192.png",
    badge: "static/img/badge-96.png",
    data: { url, id, urls: buttons.map((button) => button.url) },
    // each opens a page that asks once more
    actions: buttons.map(({ words }, index) => ({ action: String(index), title: words })),
    // what takes the place of a question that was decided makes no sound, nor does a copy
    silent: Boolean(isWithdrawal),
    renotify: Boolean(tag) && !isWithdrawal && !isCopy,
  });
}

async function open(url) {
  const { scope } = registration;
  let address = scope;
  try {
    const { href } = new URL(url, scope);
    if (href.startsWith(scope)) address = href;
  } catch {
    // no address: the start
  }
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // another page is left alone: something may be typed there
  const there = windows.find((client) => client.url.split("#")[0] === address.split("#")[0]);
  return there ? there.focus() : self.clients.openWindow(address);
}
