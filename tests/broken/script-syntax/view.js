export default <p>Hello</p>; // error: unexpected JSX expression (JSX is written in `.jsx` files)
