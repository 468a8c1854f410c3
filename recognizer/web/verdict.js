// What to tell somebody who was recognized: what the server said about it, and not a word more.

const STATUS = {
  present: { tone: "good", title: "Welcome", text: "You are marked present." },
  late: { tone: "warn", title: "Welcome", text: "You are marked late." },
  absent: { tone: "warn", title: "Seen", text: "You are marked absent. Please see your teacher." },
  excused: { tone: "calm", title: "Welcome", text: "You are marked excused." },
};
const ALREADY = {
  present: "You were marked present already.",
  late: "You were marked late already.",
  absent: "You are marked absent. Please see your teacher.",
  excused: "You are marked excused.",
};

const BY_OUTCOME = {
  recorded: (note) => STATUS[note.status] ?? { tone: "good", title: "Welcome", text: "Your arrival is recorded." },
  already_marked: (note) => ({
    tone: note.status === "absent" ? "warn" : "calm",
    title: "Hello again",
    text: ALREADY[note.status] ?? "You were marked already.",
  }),
  duplicate: () => ({ tone: "calm", title: "Hello again", text: "This was recorded before." }),
  outside_session: () => ({
    tone: "warn",
    title: "Not counted",
    text: "No session takes attendance for you now. Please see your teacher.",
  }),
  not_on_roster: () => ({
    tone: "warn",
    title: "Not counted",
    text: "You are not on the list of this class. Please see your teacher.",
  }),
  rejected: (note) => ({
    tone: "bad",
    title: "Not recorded",
    text: `The school's server did not take it${note.detail ? `: ${note.detail}` : ""}. Please see your teacher.`,
  }),
};

const QUEUED = { tone: "calm", title: "Noted", text: "It will be recorded as soon as the school's server answers." };
const TRIAL = { tone: "calm", title: "Recognized", text: "This is a trial: nothing is recorded." };
const UNSAID = { tone: "calm", title: "Seen", text: "The server did not say what became of it." };

/** `{tone, title, name, text, seenAt}` for the note that came with a recognition. */
export function verdictOf(name, note) {
  return { ...wordsFor(note), name, seenAt: note.first_seen ? new Date(note.first_seen) : null };
}

function wordsFor(note) {
  if (note.delivery === "queued") return QUEUED;
  if (note.delivery === "trial") return TRIAL;
  return BY_OUTCOME[note.outcome]?.(note) ?? UNSAID;
}

/** The same for the ear. */
export function spoken({ title, name, text }) {
  return `${title}, ${name}. ${text}`;
}
