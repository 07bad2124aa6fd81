/** The entry of a thread that trains and ends. */
import { workerData } from 'node:worker_threads';
import { trainChunks, type TrainingPlan } from './train-chunks.ts';

const { plan, thread } = workerData as { readonly plan: TrainingPlan; readonly thread: number };
trainChunks(plan, thread);
