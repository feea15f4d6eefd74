// SPDX-FileCopyrightText: 2026 Cadenza authors
// SPDX-License-Identifier: MIT
"use strict";

const KEY = "cadenza-study-rater";
const SECTIONS = ["welcome", "rating", "thanks"];
const at = (id) => document.getElementById(id);
const film = at("clip");
const questions = [...document.querySelectorAll("#answers fieldset")];

let rater = recall();
let clip = null; // {id, seconds} of the clip whose turn it is
let offered = 0; // when it was offered, ms
let sending = false;

// Some private windows keep nothing: the study then works until the page is closed.
function recall() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function remember(id) {
  rater = id;
  try {
    if (id === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, id);
  } catch { /* see above */ }
}

async function ask(path, body) {
  const request = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
  };
  const answer = await fetch(path, { cache: "no-store", ...request });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const detail = typeof said.detail === "string" ? said.detail : `the server answered ${answer.status}`;
    throw Object.assign(new Error(detail), { status: answer.status });
  }
  return said;
}

function show(name) {
  for (const section of SECTIONS) at(section).hidden = section !== name;
}

function trouble(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

function explain(error) {
  const lost = error.status === undefined;
  trouble(lost ? "The server cannot be reached. Nothing is lost: try again in a moment." : `${error.message}.`);
}

async function goOn() {
  if (rater === null) { show("welcome"); return; }
  try {
    turn(await ask(`raters/${encodeURIComponent(rater)}`));
  } catch (error) {
    if (error.status !== 404) { explain(error); return; }
    remember(null); // the server has never met this rater: another study was here
    show("welcome");
  }
}

function turn(state) {
  trouble("");
  clip = state.clip;
  if (clip === null) {
    film.removeAttribute("src");
    show("thanks");
    document.querySelector("#thanks h2").focus();
    return;
  }
  at("progress").textContent = `Film ${state.done + 1} of ${state.of}`;
  at("bar").value = state.done / state.of;
  at("answers").reset();
  film.src = `clips/${clip.id}`;
  offered = performance.now();
  lock(true);
  show("rating");
  at("play").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function lock(locked) {
  for (const question of questions) question.disabled = locked;
  at("play").disabled = false;
  at("play").textContent = locked ? "Play" : "Play again";
  at("play").classList.toggle("quiet", !locked);
  update();
}

function answers() {
  return Object.fromEntries(new FormData(at("answers")).entries());
}

function update() {
  const heard = !questions[0].disabled;
  const given = Object.keys(answers()).length;
  at("next").disabled = sending || !heard || given < questions.length;
  if (!heard) at("hint").textContent = "Play the film to its end; then you can answer.";
  else at("hint").textContent = given < questions.length ? "Answer both questions to go on." : "";
}

// What was really played, however often it was paused or begun again.
function played() {
  let seconds = 0;
  for (let i = 0; i < film.played.length; i++) seconds += film.played.end(i) - film.played.start(i);
  return seconds;
}

film.addEventListener("ended", () => {
  const first = questions[0].disabled;
  if (played() < film.duration - 0.5) { lock(true); return; }
  lock(false);
  if (first) questions[0].querySelector("input").focus({ preventScroll: true });
});
film.addEventListener("playing", () => { at("play").disabled = true; });
film.addEventListener("pause", () => { at("play").disabled = false; });
film.addEventListener("error", () => {
  if (film.hasAttribute("src")) trouble("The film cannot be loaded. Load the page again, or tell who gave you the link.");
});

at("play").addEventListener("click", () => {
  trouble("");
  film.muted = false;
  film.volume = 1;
  film.playbackRate = 1;
  if (film.error) film.load();
  film.play().catch(() => { at("play").disabled = false; });
});

at("answers").addEventListener("change", update);
at("answers").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (at("next").disabled) return;
  sending = true;
  update();
  const ratings = Object.fromEntries(Object.entries(answers()).map(([name, value]) => [name, Number(value)]));
  const seconds = (performance.now() - offered) / 1000;
  try {
    const state = await ask(`raters/${encodeURIComponent(rater)}/ratings`, { clip: clip.id, ratings, seconds });
    sending = false;
    turn(state);
  } catch (error) {
    sending = false;
    update();
    // Rated already: the answer to an earlier try was lost, or another window was faster.
    if (error.status === 409 || error.status === 404) await goOn();
    else explain(error);
  }
});

at("begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const years = at("years").value;
  try {
    remember((await ask("raters", { years: years === "" ? null : Number(years) })).rater);
    await goOn();
  } catch (error) { explain(error); }
});

at("tone").addEventListener("click", () => {
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound, { frequency: 440 });
  const gain = new GainNode(sound, { gain: 0.1 });
  tone.connect(gain).connect(sound.destination);
  tone.onended = () => sound.close();
  tone.start();
  tone.stop(sound.currentTime + 1);
});

at("again").addEventListener("click", () => {
  remember(null);
  at("begin").reset();
  show("welcome");
});

goOn();
