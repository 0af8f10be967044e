import { options } from 'preact';
import { vnodesForComponent, clearLastSeen } from './vnodesForComponent';

const oldUnmount = options.unmount;
options.unmount = vnode => {
  const type = (vnode || {}).type;
  if (typeof type === 'function') {
    clearLastSeen(vnode);

    if (vnodesForComponent.has(type)) {
      const vnodes = vnodesForComponent.get(type);
      if (vnodes) {
        const index = vnodes.indexOf(vnode);
        if (index !== -1) {
          vnodes.splice(index, 1);
        }
      }
    }
  }

  if (oldUnmount) oldUnmount(vnode);
};
