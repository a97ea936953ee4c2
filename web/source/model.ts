// What the service answers, as far as the page looks at it.

export type WorkStatus = "waiting" | "pending" | "processing" | "completed" | "failed" | "canceled";
export type SmeltStatus = "pending" | "transcribing" | "synthesizing" | "completed" | "failed" | "canceled";
export const ENDED: readonly string[] = ["completed", "failed", "canceled"];

export interface SpeakerTime {
  label: string;
  seconds: number;
  name?: string | null;
}

export interface SmeltFile {
  id: string;
  position: number;
  input_type: "audio" | "text";
  filename: string;
  size_bytes: number;
  duration_seconds: number | null;
  language: string | null;
  warnings: string[];
  status: WorkStatus;
  progress: number;
  queue_position: number | null;
  waiting_for: string | null;
  error_code: string | null;
  error_message: string | null;
  /** Absent or null: they weren't told apart. */
  speakers?: SpeakerTime[] | null;
}

export interface SmeltOutput {
  id: string;
  file_id: string | null;
  default_prompt_name: string | null;
  user_prompt_id: string | null;
  status: WorkStatus;
  progress: number;
  waiting_for: string | null;
  error_code: string | null;
  error_message: string | null;
}

export interface SmeltSummary {
  id: string;
  status: SmeltStatus;
  mode: "separate" | "combine";
  tier: string;
  default_prompt_names: string[];
  user_prompt_id: string | null;
  warnings: string[];
  progress: number;
  error_message: string | null;
  created_at: string;
  finished_at: string | null;
  content_expires_at: string;
}

export interface Smelt extends SmeltSummary {
  files: SmeltFile[];
  outputs: SmeltOutput[];
}

export interface AcceptedSmelt extends Smelt {
  access_token: string | null;
}

export interface ListedSmelt extends SmeltSummary {
  first_filenames: string[];
  file_count?: number;
}

export interface Session {
  kind: "none" | "visitor" | "user" | "machine";
  email: string | null;
  smelt_id: string | null;
  expires_at: string | null;
  renewable: boolean;
  sign_in: { email: boolean; providers: string[]; authorize_url: string | null };
  /** What a post may have besides its parts, at this service. */
  smelt_fields: string[];
}

export interface Usage {
  tier: string;
  remaining: number | null;
  resets_at: string | null;
  limits: {
    inputs: number;
    audio_bytes: number;
    audio_seconds: number;
    text_bytes: number;
    smelt_bytes: number;
    combine: boolean;
    own_prompts: boolean;
  };
}

export interface DefaultPrompt {
  name: string;
  title: string;
  description: string;
}

export interface Prompt {
  id: string;
  title: string;
  body: string;
  section_id: string | null;
  position: number;
}

export interface Section {
  id: string;
  title: string;
  position: number;
}

export interface Word {
  start: number;
  end: number;
  word: string;
}

export interface Segment {
  start: number;
  end: number;
  text: string;
  speaker?: string | null;
}

export interface Transcript {
  language: string | null;
  duration_seconds: number | null;
  text: string;
  segments: Segment[];
  words: Word[];
  unheard: { start: number; end: number }[];
  warnings: string[];
}
