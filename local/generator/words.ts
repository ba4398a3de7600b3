/**
 * The words that names are made of. Genres and countries are those that such data sets commonly have; artists and
 * titles are invented, and hold on purpose what breaks careless CSV readers: commas, quotes, apostrophes, ampersands,
 * accents, other scripts and emoji.
 */
type Words = readonly [string, ...string[]];

// prettier-ignore
export const GENRES: Words = [
  'acoustic', 'afrobeat', 'alt-rock', 'alternative', 'ambient', 'anime', 'black-metal', 'bluegrass',
  'blues', 'brazil', 'breakbeat', 'british', 'cantopop', 'chicago-house', 'children', 'chill', 'classical',
  'club', 'comedy', 'country', 'dance', 'dancehall', 'death-metal', 'deep-house', 'detroit-techno', 'disco',
  'disney', 'drum-and-bass', 'dub', 'dubstep', 'edm', 'electro', 'electronic', 'emo', 'folk', 'forro',
  'french', 'funk', 'garage', 'german', 'gospel', 'goth', 'grindcore', 'groove', 'grunge', 'guitar',
  'happy', 'hard-rock', 'hardcore', 'hardstyle', 'heavy-metal', 'hip-hop', 'honky-tonk', 'house', 'idm',
  'indian', 'indie', 'indie-pop', 'industrial', 'iranian', 'j-dance', 'j-idol', 'j-pop', 'j-rock', 'jazz',
  'k-pop', 'kids', 'latin', 'latino', 'malay', 'mandopop', 'metal', 'metalcore', 'minimal-techno', 'mpb',
  'new-age', 'opera', 'pagode', 'party', 'piano', 'pop', 'pop-film', 'power-pop', 'progressive-house',
  'psych-rock', 'punk', 'punk-rock', 'r-n-b', 'reggae', 'reggaeton', 'rock', 'rock-n-roll', 'rockabilly',
  'romance', 'sad', 'salsa', 'samba', 'sertanejo', 'show-tunes', 'singer-songwriter', 'ska', 'sleep',
  'soul', 'spanish', 'study', 'swedish', 'synth-pop', 'tango', 'techno', 'trance', 'trip-hop', 'turkish',
  'world-music',
];

/** Most listeners are in the first country, as in real data; see `users.ts`. */
// prettier-ignore
export const COUNTRIES: Words = [
  'United States', 'New Zealand', 'United Kingdom', 'Ireland', 'Australia', 'Canada', "Côte d'Ivoire",
  'Korea, Republic of',
];

// prettier-ignore
export const ARTIST_FIRST: Words = [
  'Silver', 'Midnight', 'Ólafur', 'Paper', 'Velvet', 'Neon', 'Björn', 'Little', 'Northern', 'Glass',
  'Golden', 'Mañana', 'Electric', 'Quiet', 'Łukasz', 'Saffron', 'Tiny', 'Wild', 'Émile', 'Broken', '夜の',
  'Crimson', 'Lonely', 'Solar',
];

// prettier-ignore
export const ARTIST_LAST: Words = [
  'Harbour', 'Foxes', 'Arnarson', 'Lanterns', 'Orchestra', 'Tigers', 'Sjöberg', 'Cathedral', 'Lights',
  'Animals', 'Parade', 'Sol', 'Avenue', 'Wolves', 'Nowak', 'Gardens', 'Giants', 'Rivers', 'Dubois',
  'Mirrors', '電車', 'Sails', 'Hearts, Ltd.', 'Brothers & Co.', '"The Kid" Reyes',
];

// prettier-ignore
export const TITLE_FIRST: Words = [
  'Blue', 'Running', 'Letters', 'Slow', 'Winter', 'Café', 'Burning', 'Waiting', 'Corazón', 'Paper',
  'Distant', 'Falling', 'Über', 'Morning', 'Hold', 'Broken', 'Summer', 'Dancing', 'Forgotten', 'Sweet',
];

// prettier-ignore
export const TITLE_LAST: Words = [
  'Rain', 'Home', 'to Ana', 'Dance', 'Sun', 'Nights', 'Bridges', 'for You', 'Perdido', 'Planes', 'Shores',
  'Down', 'Alles', 'Light', 'On', 'Glass', 'in July', 'Alone', 'Names', 'Surrender', "Don't Stop",
  'Ready, Steady', '音楽', '🌙',
];

/** What follows some titles. */
// prettier-ignore
export const TITLE_SUFFIX: Words = [
  ' - Remastered 2011', ' (Live)', ' (From the Series "Northern Lights")', ' [Radio Edit]', ', Pt. 2',
  ' - "Late" Version',
];

// prettier-ignore
export const FIRST_NAMES: Words = [
  'Norma', 'Jorge', 'Aisha', 'Liam', 'Zoë', 'Mateo', 'Chloé', 'Ines', 'Oliver', 'Yuki', 'Søren', 'Grace',
  'Omar', 'Nina', 'Pavel', 'Maria', 'Jack', 'Fatou', 'Renée', 'Thomas',
];

// prettier-ignore
export const LAST_NAMES: Words = [
  'Fisher', 'Sullivan', "O'Brien", 'Nguyen', 'García', 'Smith', 'Müller', 'Diallo', 'Kowalski', 'Tanaka',
  'Jensen', 'Walker', 'Haddad', 'Rossi', 'Novák', 'Silva', 'Brown', 'Traoré', 'Martin', 'Wright, Jr.',
];
