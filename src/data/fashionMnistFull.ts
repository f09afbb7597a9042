// Fashion-MNIST as published. A file of its own: a page that trains on the subset does without.
import type { DataFiles } from "./fashionMnistFiles.js";

/** All 60,000 + 10,000 images. */
export const fullFiles: DataFiles = {
  name: "Fashion-MNIST",
  train: [
    {
      name: "train-images-idx3-ubyte.gz", bytes: 47_040_016,
      sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    {
      name: "train-labels-idx1-ubyte.gz", bytes: 60_008,
      sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
  ],
  test: [
    {
      name: "t10k-images-idx3-ubyte.gz", bytes: 7_840_016,
      sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    {
      name: "t10k-labels-idx1-ubyte.gz", bytes: 10_008,
      sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
  ],
};
