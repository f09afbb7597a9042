export { families, type FamilyOptions } from "./families.js";
export { lenet, type LenetOptions } from "./lenet.js";
export { recipe, recipeNames, type Recipe, type RecipeName } from "./recipes.js";
